-- Every photo of these channels, with what its categories were judged from. Files are told apart by their last part.
SELECT
    channel_name,
    regexp_replace(image_path, '^.*[/\\]', '') AS file_name,
    image_status = 'ok' AS is_readable,
    image_category,
    content_category,
    person_score,
    product_score,
    coalesce(is_product_offered, false) AS is_offered
FROM marts.fct_images
WHERE channel_name = any(%(channels)s) AND image_status IN ('ok', 'unreadable');
