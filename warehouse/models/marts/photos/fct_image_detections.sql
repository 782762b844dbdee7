{{ config(meta={'written': {'by': 'fct_images', 'column': 'updated_at'}}, materialized='view') }}

-- A view: what was detected lies in the raw schema, what became of its photo in fct_images. By path: where several
-- lakes hold a photo, only the copy that fct_images chose is counted.
select
    -- keys
    md5(images.image_key || ':' || detections.detection_index) as detection_key,
    images.image_key,
    images.message_key,
    images.channel_key,
    images.date_key,

    -- identifiers
    images.channel_name,
    images.message_id,
    images.image_path,

    -- the object
    detections.detected_class,
    detections.confidence_score,
    detections.x_min,
    detections.y_min,
    detections.x_max,
    detections.y_max,

    -- its photo
    images.image_category,
    images.content_category,
    images.num_detections,

    -- engagement of the message
    images.views,
    images.forwards,

    -- timestamps
    images.updated_at
from {{ ref('fct_images') }} as images
inner join {{ ref('stg_yolo__detections') }} as detections on images.image_path = detections.image_path
where
    images.image_status <> 'absent'
    and detections.detected_class is not null
