-- No photo may get lost between the lakes and the fact table: every message that names one and every file of a lake
-- has its row, and copies of one photo share it.
with named as (
    select channel_name, message_id
    from {{ ref('fct_messages') }}
    where image_path is not null
),

found as (
    select channel_name, message_id
    from {{ ref('stg_yolo__image_scans') }}
    where message_id is not null
)

select channel_name, message_id
from (select * from named union select * from found) as expected
where not exists (
    select 1
    from {{ ref('fct_images') }} as images
    where images.channel_name = expected.channel_name and images.message_id = expected.message_id
)
