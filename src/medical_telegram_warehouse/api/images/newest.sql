-- Photos of known messages, newest first.
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
    (extract(epoch FROM message_timestamp) * 1000000)::bigint AS cursor_at,
    image_key AS cursor_key
FROM marts.fct_images
WHERE
    message_timestamp IS NOT NULL
    AND (%(channel_key)s::text IS NULL OR channel_key = %(channel_key)s)
    AND (%(content_category)s::text IS NULL OR content_category = %(content_category)s)
    AND (%(image_category)s::text IS NULL OR image_category = %(image_category)s)
    AND (%(detected_class)s::text IS NULL OR detected_classes @> ARRAY[%(detected_class)s::text])
    AND (%(image_status)s::text IS NULL OR image_status = %(image_status)s)
    AND (%(image_group)s::text IS NULL OR image_group = %(image_group)s)
    AND (%(from_time)s::timestamptz IS NULL OR message_timestamp >= %(from_time)s)
    AND (%(to_time)s::timestamptz IS NULL OR message_timestamp < %(to_time)s)
    AND (
        %(after_at)s::bigint IS NULL
        OR (message_timestamp, image_key)
        < ('epoch'::timestamptz + %(after_at)s * interval '1 microsecond', %(after_key)s::text)
    )
ORDER BY message_timestamp DESC, image_key DESC
LIMIT %(rows)s;
