{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ list_changed_periods('month', offers=true, messages=false) }}",
        indexes=[{'columns': ['channel_key', 'month_key']}],
    )
}}

-- How often each product was called by which name: what products are called is told from these.
select
    offers.channel_key,
    {{ month_key('offers.date_key') }} as month_key,
    offers.product_key,
    offers.folded_name,
    offers.product_strength,
    offers.product_form,
    offers.linked_name,
    offers.name_key,
    offers.name,
    offers.generic,
    offers.brand,
    offers.product_class,
    offers.link_method,
    count(*) as offer_count,
    min(offers.date_key) as first_date_key,
    max(offers.date_key) as last_date_key
from {{ ref('int_offers') }} as offers
{{ of_changed_days('offers') }}
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
