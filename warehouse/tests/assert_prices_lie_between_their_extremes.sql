-- Minimum, median, maximum and newest price are of one set of prices, and a set is empty only where all of it was left
-- out.
with prices as (
    select
        product_price_key as row_key,
        min_price,
        median_price,
        max_price,
        latest_price,
        offer_count - outlier_count as price_count
    from {{ ref('fct_product_prices') }}
    union all
    select
        product_key as row_key,
        min_price,
        median_price,
        max_price,
        latest_price,
        priced_offer_count as price_count
    from {{ ref('rpt_top_products') }}
)

select *
from prices
where
    median_price not between min_price and max_price
    or latest_price not between min_price and max_price
    or num_nulls(min_price, median_price, max_price, latest_price) <> case when price_count = 0 then 4 else 0 end
