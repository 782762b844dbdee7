-- The photos of some messages.
SELECT
    message_key,
    image_key,
    image_status
FROM marts.fct_images
WHERE message_key = ANY(%(keys)s::text[]);
