-- No photo may get lost between the lakes and the fact table: every message that names one and every file of a lake
-- has its row, and copies of one photo share it.
{{ config(tags=['photos']) }}
with expected as (
    select
        channel_name,
        message_id
    from {{ ref('fct_messages') }}
    where image_path is not null
    union
    select
        channel_name,
        message_id
    from {{ ref('stg_yolo__image_scans') }}
    where message_id is not null
)

select
    expected.channel_name,
    expected.message_id
from expected
left join {{ ref('fct_images') }} as images
    on expected.channel_name = images.channel_name and expected.message_id = images.message_id
where images.image_key is null
