{{ config(indexes=[{'columns': ['channel_key', 'full_date']}]) }}

with daily as (
    select
        channel_key,
        channel_name,
        date_key,
        count(*) as message_count,
        count(*) filter (where not is_forward) as original_message_count,
        count(*) filter (where is_original_post) as original_post_count,
        count(*) filter (where is_repost) as repost_count,
        count(*) filter (where has_image) as image_message_count,
        sum(views) as total_views,
        sum(forwards) as total_forwards,
        sum(views) filter (where is_original_post) as original_views,
        avg(views) filter (where is_original_post) as avg_views
    from {{ ref('fct_messages') }}
    group by channel_key, channel_name, date_key
)

select
    -- keys
    md5(daily.channel_name || ':' || daily.date_key) as activity_key,
    daily.channel_key,
    daily.date_key,

    -- what people read
    daily.channel_name,
    dim_dates.full_date,

    -- counts
    daily.message_count,
    daily.original_message_count,
    daily.original_post_count,
    daily.repost_count,
    daily.image_message_count,

    -- engagement
    cast(daily.total_views as bigint) as total_views,
    cast(daily.total_forwards as bigint) as total_forwards,
    cast(daily.original_views as bigint) as original_views,
    cast(round(daily.avg_views, 2) as double precision) as avg_views
from daily
inner join {{ ref('dim_dates') }} as dim_dates on daily.date_key = dim_dates.date_key
