SELECT
    detected_class,
    confidence_score,
    x_min,
    y_min,
    x_max,
    y_max
FROM marts.fct_image_detections
WHERE image_key = %(image_key)s
ORDER BY confidence_score DESC, detected_class ASC;
