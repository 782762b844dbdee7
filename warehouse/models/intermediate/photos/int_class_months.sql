{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ list_changed_image_months() }}",
        indexes=[{'columns': ['channel_key', 'month_key']}],
    )
}}

with photos as (
    {{ images_of_changed_months() }}
)

select
    photos.channel_key,
    photos.channel_name,
    photos.month_key,
    detections.detected_class,
    count(*) as detection_count,
    count(distinct photos.image_key) as photo_count,
    sum(cast(detections.confidence_score as numeric)) as confidence_sum
from photos
inner join {{ ref('stg_yolo__detections') }} as detections on photos.image_path = detections.image_path
where photos.image_status <> 'absent' and detections.detected_class is not null
group by photos.channel_key, photos.channel_name, photos.month_key, detections.detected_class
