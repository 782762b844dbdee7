INSERT INTO raw.yolo_detections (
    image_path, detection_index, channel_name, message_id, detected_class, confidence_score, x_min, y_min, x_max,
    y_max, image_category, num_detections
)
SELECT
    image_path, detection_index, channel_name, message_id, detected_class, confidence_score, x_min, y_min, x_max,
    y_max, image_category, num_detections
FROM incoming_detections
WHERE status = 'ok'
ON CONFLICT DO NOTHING;
