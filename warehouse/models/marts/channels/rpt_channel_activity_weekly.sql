{{
    config(
        tags=['reposts'],
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ list_changed_periods('week') }}",
        indexes=[{'columns': ['channel_week_key'], 'unique': True}, {'columns': ['channel_key', 'week_key']}],
    )
}}

-- A median cannot be made of days' figures, so the week's posts are read again.
with weekly as (
    select
        messages.channel_key,
        messages.channel_name,
        {{ week_key('messages.date_key') }} as week_key,
        count(*) as message_count,
        count(*) filter (where messages.is_original_post) as original_post_count,
        count(*) filter (where messages.is_repost) as repost_count,
        count(*) filter (where messages.has_image) as image_message_count,
        count(messages.views) filter (where messages.is_original_post) as viewed_post_count,
        sum(messages.views) filter (where messages.is_original_post) as original_views,
        percentile_cont(0.5) within group (order by messages.views) filter (where messages.is_original_post)
            as median_views,
        sum(messages.forwards) filter (where messages.is_original_post and messages.views is not null)
            as original_forwards
    from {{ ref('fct_messages') }} as messages
    {{ of_changed_days('messages') }}
    group by 1, 2, 3
)

select
    -- keys
    md5(channel_name || ':' || week_key) as channel_week_key,
    channel_key,
    week_key,

    -- what people read
    channel_name,
    {{ date_of_key('week_key') }} as week_start_date,

    -- counts
    message_count,
    original_post_count,
    repost_count,
    image_message_count,
    viewed_post_count,

    -- engagement
    cast(original_views as bigint) as original_views,
    cast(original_forwards as bigint) as original_forwards,
    cast(round(original_views / nullif(viewed_post_count, 0), 2) as double precision) as avg_views,
    median_views,
    {{ per_thousand('original_forwards', 'original_views') }} as forwards_per_thousand_views,
    {{ share('image_message_count', 'message_count') }} as image_share
from weekly
