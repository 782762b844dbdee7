{{ config(indexes=[{'columns': ['heatmap_key'], 'unique': True}, {'columns': ['channel_key']}]) }}

-- Of the last year of each channel, so that a shop's old habits do not hide what it does now.
with hours as (
    select
        *,
        {{ date_of_key('date_key') }} as full_date,
        {{ date_of_key('max(date_key) over (partition by channel_key)') }} as last_date
    from {{ ref('int_channel_hours') }}
),

cells as (
    select
        channel_key,
        channel_name,
        cast(extract(isodow from full_date) as integer) as day_of_week,
        hour_of_day,
        sum(message_count) as message_count,
        sum(original_post_count) as original_post_count,
        sum(viewed_post_count) as viewed_post_count,
        sum(original_views) as original_views
    from hours
    where full_date > last_date - {{ var('heatmap_days') }}
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
