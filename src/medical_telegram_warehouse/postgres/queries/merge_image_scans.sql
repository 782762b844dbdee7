-- Of a photo whose file is gone, everything else stays as it was last seen.
WITH scans AS (
    SELECT DISTINCT ON (image_path)
        image_path, lake, channel_name, message_id, sha256, file_size, image_width, image_height, status, error,
        model, confidence_threshold, image_category, num_detections, model_sha256, runtime, person_score, product_score,
        offered_category, image_group
    FROM incoming_detections
    ORDER BY image_path
),

merged AS (
    INSERT INTO raw.image_scans AS stored (
        image_path, lake, channel_name, message_id, sha256, file_size, image_width, image_height, status, error,
        model, confidence_threshold, image_category, num_detections, model_sha256, runtime, person_score, product_score,
        offered_category, image_group
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
        model_sha256 = CASE WHEN EXCLUDED.status = 'missing' THEN stored.model_sha256 ELSE EXCLUDED.model_sha256 END,
        runtime = CASE WHEN EXCLUDED.status = 'missing' THEN stored.runtime ELSE EXCLUDED.runtime END,
        person_score = CASE WHEN EXCLUDED.status = 'missing' THEN stored.person_score ELSE EXCLUDED.person_score END,
        product_score = CASE WHEN EXCLUDED.status = 'missing' THEN stored.product_score ELSE EXCLUDED.product_score END,
        offered_category = CASE
            WHEN EXCLUDED.status = 'missing' THEN stored.offered_category ELSE EXCLUDED.offered_category
        END,
        image_group = CASE WHEN EXCLUDED.status = 'missing' THEN stored.image_group ELSE EXCLUDED.image_group END,
        loaded_at = now()
    WHERE
        CASE
            WHEN EXCLUDED.status = 'missing' THEN stored.status <> 'missing'
            ELSE
                (stored.sha256, stored.file_size, stored.status, stored.error, stored.model, stored.model_sha256)
                IS DISTINCT FROM
                (
                    EXCLUDED.sha256, EXCLUDED.file_size, EXCLUDED.status, EXCLUDED.error, EXCLUDED.model,
                    EXCLUDED.model_sha256
                )
                OR (stored.confidence_threshold, stored.image_category, stored.num_detections, stored.runtime)
                IS DISTINCT FROM (
                    EXCLUDED.confidence_threshold, EXCLUDED.image_category, EXCLUDED.num_detections, EXCLUDED.runtime
                )
                OR (stored.person_score, stored.product_score, stored.offered_category, stored.image_group)
                IS DISTINCT FROM (
                    EXCLUDED.person_score, EXCLUDED.product_score, EXCLUDED.offered_category, EXCLUDED.image_group
                )
        END
    RETURNING xmax = 0 AS is_new -- xmax is 0 on a row that was inserted, not updated
)

SELECT
    (SELECT count(*) FROM scans) AS photos,
    (SELECT count(*) FROM merged WHERE is_new) AS new_photos,
    (SELECT count(*) FROM merged WHERE NOT is_new) AS changed_photos;
