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
),

counts as (
    select
        channel_key,
        channel_name,
        month_key,
        image_category,
        count(*) as photo_count,
        count(*) filter (where not is_duplicate) as distinct_photo_count,
        count(*) filter (where has_message) as posted_photo_count,
        coalesce(sum(num_detections), 0) as detection_count
    from photos
    where image_category is not null
    group by channel_key, channel_name, month_key, image_category
),

-- An album counts once in each category that its photos show.
posts as (
    select
        photos.channel_key,
        photos.month_key,
        photos.image_category,
        max(messages.views) as views
    from photos
    inner join {{ ref('fct_messages') }} as messages on photos.message_key = messages.message_key
    where photos.image_category is not null and not messages.is_forward and messages.views is not null
    group by
        photos.channel_key,
        photos.month_key,
        photos.image_category,
        coalesce(messages.album_key, messages.message_key)
),

engagement as (
    select
        channel_key,
        month_key,
        image_category,
        count(*) as original_post_count,
        sum(views) as original_views
    from posts
    group by channel_key, month_key, image_category
)

select
    counts.*,
    coalesce(engagement.original_post_count, 0) as original_post_count,
    engagement.original_views
from counts
left join engagement
    on
        counts.channel_key = engagement.channel_key
        and counts.month_key = engagement.month_key
        and counts.image_category = engagement.image_category
