{{ config(indexes=[{'columns': ['detected_class_key'], 'unique': True}]) }}

select
    -- keys
    md5(channel_name || ':' || detected_class) as detected_class_key,
    channel_key,

    -- what people read
    channel_name,
    detected_class,

    -- counts
    cast(sum(detection_count) as bigint) as detection_count,
    cast(sum(photo_count) as bigint) as photo_count,
    cast(round(sum(confidence_sum) / sum(detection_count), 4) as double precision) as avg_confidence_score
from {{ ref('int_class_months') }}
group by channel_key, channel_name, detected_class
