{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ list_changed_periods('month', offers=true) }}",
        indexes=[{'columns': ['channel_key', 'month_key']}],
    )
}}

-- A message that offers five packs of a product was read once.
with product_messages as (
    select distinct
        offers.channel_key,
        {{ month_key('offers.date_key') }} as month_key,
        offers.product_key,
        offers.message_key
    from {{ ref('int_offers') }} as offers
    {{ of_changed_periods('offers', 'month') }}
)

select
    product_messages.channel_key,
    product_messages.month_key,
    product_messages.product_key,
    count(*) as message_count,
    sum(messages.views) as total_views,
    sum(messages.forwards) as total_forwards
from product_messages
inner join {{ ref('fct_messages') }} as messages on product_messages.message_key = messages.message_key
group by product_messages.channel_key, product_messages.month_key, product_messages.product_key
