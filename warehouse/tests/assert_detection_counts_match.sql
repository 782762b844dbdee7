-- num_detections is told by the scan, the rows by the detector's file. When they disagree, averages per photo are
-- wrong.
{{ config(tags=['photos']) }}
select
    images.image_key,
    images.num_detections,
    count(detections.detection_key) as detection_rows
from {{ ref('fct_images') }} as images
left join {{ ref('fct_image_detections') }} as detections on images.image_key = detections.image_key
where images.image_status = 'ok'
group by images.image_key, images.num_detections
having count(detections.detection_key) <> coalesce(images.num_detections, 0)
