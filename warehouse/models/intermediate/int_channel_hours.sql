{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ list_changed_periods('day') }}",
        indexes=[{'columns': ['channel_key', 'date_key']}],
    )
}}

select
    messages.channel_key,
    messages.channel_name,
    messages.date_key,
    messages.hour_of_day,
    count(*) as message_count,
    count(*) filter (where messages.is_original_post) as original_post_count,
    count(messages.views) filter (where messages.is_original_post) as viewed_post_count,
    sum(messages.views) filter (where messages.is_original_post) as original_views
from {{ ref('fct_messages') }} as messages
{{ of_changed_days('messages') }}
group by 1, 2, 3, 4
