SELECT
    image_key,
    image_status,
    image_category,
    content_category
FROM marts.fct_images
WHERE message_key = %(message_key)s
ORDER BY image_key;
