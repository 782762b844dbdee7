{{
    config(
        tags=['reposts'],
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ list_changed_periods('day') }}",
        indexes=[{'columns': ['activity_key'], 'unique': True}, {'columns': ['channel_key', 'full_date']}],
    )
}}

with daily as (
    select
        messages.channel_key,
        messages.channel_name,
        messages.date_key,
        count(*) as message_count,
        count(*) filter (where not messages.is_forward) as original_message_count,
        count(*) filter (where messages.is_original_post) as original_post_count,
        count(messages.views) filter (where messages.is_original_post) as viewed_post_count,
        count(*) filter (where messages.is_repost) as repost_count,
        count(*) filter (where messages.has_image) as image_message_count,
        count(*) filter (where messages.is_deleted) as deleted_message_count,
        sum(messages.views) as total_views,
        sum(messages.forwards) as total_forwards,
        sum(messages.views) filter (where messages.is_original_post) as original_views,
        sum(messages.forwards) filter (where messages.is_original_post) as original_forwards,
        coalesce(bool_and(messages.source = 'sample'), false) as is_sample
    from {{ ref('fct_messages') }} as messages
    {{ of_changed_days('messages') }}
    group by messages.channel_key, messages.channel_name, messages.date_key
)

select
    -- keys
    md5(channel_name || ':' || date_key) as activity_key,
    channel_key,
    date_key,

    -- what people read
    channel_name,
    {{ date_of_key('date_key') }} as full_date,

    -- counts
    message_count,
    original_message_count,
    original_post_count,
    viewed_post_count,
    repost_count,
    image_message_count,
    deleted_message_count,

    -- engagement
    cast(total_views as bigint) as total_views,
    cast(total_forwards as bigint) as total_forwards,
    cast(original_views as bigint) as original_views,
    cast(original_forwards as bigint) as original_forwards,
    cast(round(original_views / nullif(viewed_post_count, 0), 2) as double precision) as avg_views,

    -- origin
    is_sample
from daily
