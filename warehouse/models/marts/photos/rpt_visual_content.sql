{{ config(indexes=[{'columns': ['visual_content_key'], 'unique': True}]) }}

with counts as (
    select
        channel_key,
        channel_name,
        image_category,
        cast(sum(photo_count) as bigint) as photo_count,
        cast(sum(distinct_photo_count) as bigint) as distinct_photo_count,
        cast(sum(posted_photo_count) as bigint) as posted_photo_count,
        cast(sum(detection_count) as bigint) as detection_count,
        cast(sum(original_post_count) as bigint) as original_post_count,
        sum(original_views) as original_views
    from {{ ref('int_visual_months') }}
    group by channel_key, channel_name, image_category
)

select
    -- keys
    md5(channel_name || ':' || image_category) as visual_content_key,
    channel_key,

    -- what people read
    channel_name,
    image_category,

    -- counts
    photo_count,
    distinct_photo_count,
    posted_photo_count,
    detection_count,

    -- engagement
    original_post_count,
    cast(original_views as bigint) as original_views,
    cast(round(original_views / nullif(original_post_count, 0), 2) as double precision) as avg_views
from counts
