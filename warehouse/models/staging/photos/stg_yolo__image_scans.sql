{{ config(meta={'written': {'by': 'fct_images', 'column': 'loaded_at'}}) }}

select
    -- identifiers
    image_path,
    lake,
    channel_name,
    message_id,
    sha256,

    -- text
    status as image_status,
    error as image_error,
    model,
    image_category,

    -- numbers
    file_size as file_size_bytes,
    image_width as width_pixels,
    image_height as height_pixels,
    confidence_threshold,
    num_detections,

    -- timestamps
    loaded_at
from {{ source('raw', 'image_scans') }}
