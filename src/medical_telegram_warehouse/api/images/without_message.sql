-- Photos of which no message is known; they have no time, so they stand in the order of their keys.
SELECT
    image_key,
    channel_name,
    message_id,
    message_key,
    message_timestamp,
    image_status,
    image_category,
    content_category,
    num_detections,
    detected_classes,
    width_pixels,
    height_pixels,
    image_group,
    use_count,
    is_duplicate,
    views,
    forwards,
    0 AS cursor_at,
    image_key AS cursor_key
FROM marts.fct_images
WHERE
    message_timestamp IS NULL
    AND (%(channel_key)s::text IS NULL OR channel_key = %(channel_key)s)
    AND (%(content_category)s::text IS NULL OR content_category = %(content_category)s)
    AND (%(image_category)s::text IS NULL OR image_category = %(image_category)s)
    AND (%(detected_class)s::text IS NULL OR detected_classes @> ARRAY[%(detected_class)s::text])
    AND (%(image_status)s::text IS NULL OR image_status = %(image_status)s)
    AND (%(image_group)s::text IS NULL OR image_group = %(image_group)s)
    AND (%(after_key)s::text IS NULL OR image_key < %(after_key)s)
ORDER BY image_key DESC
LIMIT %(rows)s;
