select
    -- keys
    md5(channel_name || ':' || detected_class) as detected_class_key,
    channel_key,

    -- what people read
    channel_name,
    detected_class,

    -- counts
    count(*) as detection_count,
    count(distinct image_key) as photo_count,
    cast(round(cast(avg(confidence_score) as numeric), 4) as double precision) as avg_confidence_score
from {{ ref('fct_image_detections') }}
group by channel_key, channel_name, detected_class
