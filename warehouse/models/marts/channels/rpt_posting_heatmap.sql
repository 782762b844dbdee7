{{ config(indexes=[{'columns': ['heatmap_key'], 'unique': True}, {'columns': ['channel_key']}]) }}

-- Of the last year of each channel, so that a shop's old habits do not hide what it does now.
with years as (
    select
        channel_key,
        {{ date_key(date_of_key('max(date_key)') ~ " - " ~ var('heatmap_days')) }} as after_date_key
    from {{ ref('int_channel_hours') }}
    group by 1
),

cells as (
    select
        hours.channel_key,
        hours.channel_name,
        cast(extract(isodow from {{ date_of_key('hours.date_key') }}) as integer) as day_of_week,
        hours.hour_of_day,
        sum(hours.message_count) as message_count,
        sum(hours.original_post_count) as original_post_count,
        sum(hours.viewed_post_count) as viewed_post_count,
        sum(hours.original_views) as original_views
    from {{ ref('int_channel_hours') }} as hours
    inner join years on hours.channel_key = years.channel_key
    where hours.date_key > years.after_date_key
    group by 1, 2, 3, 4
)

select
    -- keys
    md5(channel_name || ':' || day_of_week || ':' || hour_of_day) as heatmap_key,
    channel_key,

    -- what people read
    channel_name,
    day_of_week,
    (array['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])[day_of_week] as day_name,
    hour_of_day,

    -- counts
    cast(message_count as bigint) as message_count,
    cast(original_post_count as bigint) as original_post_count,

    -- engagement
    cast(original_views as bigint) as original_views,
    cast(round(original_views / nullif(viewed_post_count, 0), 2) as double precision) as avg_views
from cells
