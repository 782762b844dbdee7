{{ config(meta={'written': {'by': 'fct_images', 'column': 'loaded_at'}}) }}

select
    -- identifiers
    image_path,
    lake,
    channel_name,
    message_id,
    sha256,
    -- Of scans before pictures were compared: each content is a picture of its own.
    case when image_category is not null then coalesce(image_group, left(sha256, 16)) end as image_group,

    -- text
    status as image_status,
    error as image_error,
    model,
    model_sha256,
    runtime,
    image_category,
    offered_category,

    -- numbers
    file_size as file_size_bytes,
    image_width as width_pixels,
    image_height as height_pixels,
    confidence_threshold,
    num_detections,
    person_score,
    product_score,

    -- timestamps
    loaded_at
from {{ source('raw', 'image_scans') }}
