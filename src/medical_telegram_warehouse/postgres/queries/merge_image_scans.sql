WITH scans AS (
    SELECT DISTINCT ON (image_path)
        image_path, lake, channel_name, message_id, sha256, file_size, image_width, image_height, status, error,
        model, confidence_threshold, image_category, num_detections
    FROM incoming_detections
    ORDER BY image_path
),

merged AS (
    INSERT INTO raw.image_scans AS stored (
        image_path, lake, channel_name, message_id, sha256, file_size, image_width, image_height, status, error,
        model, confidence_threshold, image_category, num_detections
    )
    SELECT * FROM scans
    ON CONFLICT (image_path) DO UPDATE SET
        lake = EXCLUDED.lake,
        channel_name = EXCLUDED.channel_name,
        message_id = EXCLUDED.message_id,
        sha256 = EXCLUDED.sha256,
        file_size = EXCLUDED.file_size,
        image_width = EXCLUDED.image_width,
        image_height = EXCLUDED.image_height,
        status = EXCLUDED.status,
        error = EXCLUDED.error,
        model = EXCLUDED.model,
        confidence_threshold = EXCLUDED.confidence_threshold,
        image_category = EXCLUDED.image_category,
        num_detections = EXCLUDED.num_detections,
        loaded_at = now()
    WHERE
        (stored.sha256, stored.file_size, stored.status, stored.error, stored.model)
        IS DISTINCT FROM (EXCLUDED.sha256, EXCLUDED.file_size, EXCLUDED.status, EXCLUDED.error, EXCLUDED.model)
        OR (stored.confidence_threshold, stored.image_category, stored.num_detections)
        IS DISTINCT FROM (EXCLUDED.confidence_threshold, EXCLUDED.image_category, EXCLUDED.num_detections)
    RETURNING xmax = 0 AS is_new -- xmax is 0 on a row that was inserted, not updated
)

SELECT
    (SELECT count(*) FROM scans) AS photos,
    (SELECT count(*) FROM merged WHERE is_new) AS new_photos,
    (SELECT count(*) FROM merged WHERE NOT is_new) AS changed_photos;
