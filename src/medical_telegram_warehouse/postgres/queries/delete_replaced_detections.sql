-- Of the photos in the file: whatever is stored and no longer said. Of a photo whose file is gone nothing is said, and
-- what was seen on it stays: a lake that is not mounted would otherwise take its detections with it.
DELETE FROM raw.yolo_detections AS stored
WHERE stored.image_path IN (SELECT image_path FROM incoming_detections WHERE status <> 'missing')
    AND NOT EXISTS (
        SELECT FROM incoming_detections AS incoming
        WHERE incoming.image_path = stored.image_path
            AND incoming.detection_index = stored.detection_index
            AND (
                incoming.detected_class, incoming.confidence_score, incoming.x_min, incoming.y_min, incoming.x_max,
                incoming.y_max, incoming.image_category, incoming.num_detections
            ) IS NOT DISTINCT FROM (
                stored.detected_class, stored.confidence_score, stored.x_min, stored.y_min, stored.x_max,
                stored.y_max, stored.image_category, stored.num_detections
            )
    );
