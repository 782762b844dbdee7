-- Of a photo whose file is gone, everything else stays as it was last seen.
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
        sha256 = CASE WHEN EXCLUDED.status = 'missing' THEN stored.sha256 ELSE EXCLUDED.sha256 END,
        file_size = CASE WHEN EXCLUDED.status = 'missing' THEN stored.file_size ELSE EXCLUDED.file_size END,
        image_width = CASE WHEN EXCLUDED.status = 'missing' THEN stored.image_width ELSE EXCLUDED.image_width END,
        image_height = CASE WHEN EXCLUDED.status = 'missing' THEN stored.image_height ELSE EXCLUDED.image_height END,
        status = EXCLUDED.status,
        error = EXCLUDED.error,
        model = CASE WHEN EXCLUDED.status = 'missing' THEN stored.model ELSE EXCLUDED.model END,
        confidence_threshold = CASE
            WHEN EXCLUDED.status = 'missing' THEN stored.confidence_threshold ELSE EXCLUDED.confidence_threshold
        END,
        image_category = CASE
            WHEN EXCLUDED.status = 'missing' THEN stored.image_category ELSE EXCLUDED.image_category
        END,
        num_detections = CASE
            WHEN EXCLUDED.status = 'missing' THEN stored.num_detections ELSE EXCLUDED.num_detections
        END,
        loaded_at = now()
    WHERE
        CASE
            WHEN EXCLUDED.status = 'missing' THEN stored.status <> 'missing'
            ELSE
                (stored.sha256, stored.file_size, stored.status, stored.error, stored.model)
                IS DISTINCT FROM (EXCLUDED.sha256, EXCLUDED.file_size, EXCLUDED.status, EXCLUDED.error, EXCLUDED.model)
                OR (stored.confidence_threshold, stored.image_category, stored.num_detections)
                IS DISTINCT FROM (EXCLUDED.confidence_threshold, EXCLUDED.image_category, EXCLUDED.num_detections)
        END
    RETURNING xmax = 0 AS is_new -- xmax is 0 on a row that was inserted, not updated
)

SELECT
    (SELECT count(*) FROM scans) AS photos,
    (SELECT count(*) FROM merged WHERE is_new) AS new_photos,
    (SELECT count(*) FROM merged WHERE NOT is_new) AS changed_photos;
