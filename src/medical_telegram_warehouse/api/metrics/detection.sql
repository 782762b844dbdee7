-- How many readable photos show an object, as a share; and photos of messages that the last look at photos has not met.
SELECT
    avg((num_detections > 0)::integer)::double precision AS detection_rate,
    (
        SELECT count(*)
        FROM marts.fct_messages AS messages
        WHERE
            messages.image_path IS NOT NULL
            AND NOT EXISTS (
                SELECT
                FROM marts.fct_images AS images
                WHERE images.image_key = messages.message_key
            )
    ) AS waiting
FROM marts.fct_images
WHERE image_status = 'ok';
