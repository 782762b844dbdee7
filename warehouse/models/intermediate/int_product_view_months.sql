{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ list_changed_periods('month', offers=true) }}",
        indexes=[{'columns': ['channel_key', 'month_key']}],
    )
}}

with messages as (
    select
        all_messages.message_key,
        all_messages.channel_key,
        {{ month_key('all_messages.date_key') }} as month_key,
        all_messages.views,
        all_messages.forwards
    from {{ ref('fct_messages') }} as all_messages
    {{ of_changed_days('all_messages') }}
),

-- A message that offers five packs of a product was read once.
products as (
    select distinct
        offers.message_key,
        offers.product_key
    from {{ ref('int_offers') }} as offers
    {{ of_changed_days('offers') }}
)

select
    messages.channel_key,
    messages.month_key,
    products.product_key,
    count(*) as message_count,
    sum(messages.views) as total_views,
    sum(messages.forwards) as total_forwards
from messages
inner join products on messages.message_key = products.message_key
group by messages.channel_key, messages.month_key, products.product_key
