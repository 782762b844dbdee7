with photos as (
    select *
    from {{ ref('fct_images') }}
    where image_category is not null
),

counts as (
    select
        image_category,
        channel_key,
        channel_name,
        count(*) as photo_count,
        count(*) filter (where not is_duplicate) as distinct_photo_count,
        count(*) filter (where has_message) as posted_photo_count,
        sum(num_detections) as detection_count
    from photos
    group by image_category, channel_key, channel_name
),

-- An album counts once in each category that its photos show.
posts as (
    select
        photos.image_category,
        photos.channel_key,
        max(messages.views) as views
    from photos
    inner join {{ ref('fct_messages') }} as messages on photos.message_key = messages.message_key
    where not messages.is_forward and messages.views is not null
    group by photos.image_category, photos.channel_key, coalesce(messages.album_key, messages.message_key)
),

engagement as (
    select
        image_category,
        channel_key,
        count(*) as original_post_count,
        sum(views) as original_views,
        avg(views) as avg_views
    from posts
    group by image_category, channel_key
)

select
    -- keys
    md5(counts.channel_name || ':' || counts.image_category) as visual_content_key,
    counts.channel_key,

    -- what people read
    counts.channel_name,
    counts.image_category,

    -- counts
    counts.photo_count,
    counts.distinct_photo_count,
    counts.posted_photo_count,
    coalesce(counts.detection_count, 0) as detection_count,

    -- engagement
    coalesce(engagement.original_post_count, 0) as original_post_count,
    cast(engagement.original_views as bigint) as original_views,
    cast(round(engagement.avg_views, 2) as double precision) as avg_views
from counts
left join engagement
    on counts.image_category = engagement.image_category and counts.channel_key = engagement.channel_key
