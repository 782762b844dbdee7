{{
    config(
        tags=['reposts'],
        indexes=[{'columns': ['topic_week_key'], 'unique': True}, {'columns': ['topic', 'week_start_date']}],
    )
}}

-- By channel first: to count different channels of all days would take a sort of all days.
with weekly_by_channel as (
    select
        topic,
        {{ week_start('full_date') }} as week_start_date,
        channel_key,
        sum(message_count) as message_count,
        sum(distinct_message_count) as distinct_message_count,
        sum(original_post_count) as original_post_count,
        sum(viewed_post_count) as viewed_post_count,
        sum(original_views) as original_views
    from {{ ref('rpt_topic_activity_daily') }}
    group by 1, 2, 3
),

weekly as (
    select
        topic,
        week_start_date,
        sum(message_count) as message_count,
        sum(distinct_message_count) as distinct_message_count,
        sum(original_post_count) as original_post_count,
        sum(viewed_post_count) as viewed_post_count,
        sum(original_views) as original_views,
        count(*) as channel_count
    from weekly_by_channel
    group by 1, 2
)

select
    -- keys
    md5(topic || ':' || week_start_date) as topic_week_key,

    -- what people read
    topic,
    week_start_date,

    -- counts
    cast(message_count as bigint) as message_count,
    cast(distinct_message_count as bigint) as distinct_message_count,
    cast(original_post_count as bigint) as original_post_count,
    channel_count,

    -- engagement
    cast(original_views as bigint) as original_views,
    cast(round(original_views / nullif(viewed_post_count, 0), 2) as double precision) as avg_views
from weekly
