{{
    config(
        tags=['reposts'],
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ list_changed_periods('day') }}",
        meta={'seeds': ['topic_terms']},
        indexes=[
            {'columns': ['topic_activity_key'], 'unique': True},
            {'columns': ['topic', 'full_date']},
            {'columns': ['channel_key', 'date_key']},
            {'columns': ['channel_key', 'full_date']},
            {'columns': ['full_date']},
        ],
    )
}}

-- depends_on: {{ ref('topic_terms') }}
with daily as (
    select
        messages.channel_key,
        messages.channel_name,
        messages.date_key,
        terms.label as topic,
        count(*) as message_count,
        count(*) filter (where not messages.is_repost) as distinct_message_count,
        count(*) filter (where messages.is_original_post) as original_post_count,
        count(messages.views) filter (where messages.is_original_post) as viewed_post_count,
        sum(messages.views) filter (where messages.is_original_post) as original_views
    from {{ ref('fct_messages') }} as messages
    {{ of_changed_days('messages') }}
    inner join {{ ref('int_message_terms') }} as terms on messages.message_key = terms.message_key
    where terms.vocabulary = 'topic'
    group by messages.channel_key, messages.channel_name, messages.date_key, terms.label
)

select
    -- keys
    md5(channel_name || ':' || date_key || ':' || topic) as topic_activity_key,
    channel_key,
    date_key,

    -- what people read
    channel_name,
    {{ date_of_key('date_key') }} as full_date,
    topic,

    -- counts
    message_count,
    distinct_message_count,
    original_post_count,
    viewed_post_count,

    -- engagement
    cast(original_views as bigint) as original_views
from daily
