{{
    config(
        tags=['reposts'],
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ list_changed_periods('month') }}",
        meta={'seeds': ['product_terms']},
        indexes=[{'columns': ['channel_key', 'month_key']}],
    )
}}

-- depends_on: {{ ref('product_terms') }}
select
    messages.channel_key,
    messages.channel_name,
    {{ month_key('messages.date_key') }} as month_key,
    terms.label as product,
    count(*) as message_count,
    count(*) filter (where not messages.is_repost) as distinct_message_count,
    sum(messages.views) as total_views,
    sum(messages.forwards) as total_forwards,
    sum(messages.views) filter (where messages.is_original_post) as original_views,
    min(messages.date_key) as first_date_key,
    max(messages.date_key) as last_date_key
from {{ ref('fct_messages') }} as messages
{{ of_changed_days('messages') }}
inner join {{ ref('int_message_terms') }} as terms on messages.message_key = terms.message_key
where terms.vocabulary = 'product'
group by 1, 2, 3, 4
