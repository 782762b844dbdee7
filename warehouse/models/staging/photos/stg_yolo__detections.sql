select
    -- identifiers
    image_path,
    detection_index,
    channel_name,
    message_id,

    -- text
    detected_class,
    image_category,

    -- numbers
    confidence_score,
    x_min,
    y_min,
    x_max,
    y_max,
    num_detections,

    -- timestamps
    loaded_at
from {{ source('raw', 'yolo_detections') }}
