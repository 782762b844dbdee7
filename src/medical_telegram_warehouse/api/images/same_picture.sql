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
    forwards
FROM marts.fct_images
WHERE image_group = %(image_group)s AND image_key <> %(image_key)s
ORDER BY message_timestamp DESC NULLS LAST, image_key DESC
LIMIT 50;
