{{
    config(
        tags=['reposts'],
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_all_rows() }}",
        indexes=[{'columns': ['product_key', 'currency'], 'unique': True}],
    )
}}

-- A price is strange only beside others, and one shop that repeats itself is not several.
with prices as (
    select
        product_key,
        currency,
        price,
        cast(sum(distinct_offer_count) as bigint) as price_count
    from {{ ref('int_offer_price_months') }}
    where price is not null and distinct_offer_count > 0
    group by product_key, currency, price
),

{{ medians('prices', ['product_key', 'currency'], 'price', 'price_count') }}

select
    product_key,
    currency,
    median as median_price
from medians_of_prices
where value_count >= {{ var('price_outlier_min_offers') }}
