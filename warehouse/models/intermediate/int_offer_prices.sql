{{ config(materialized='view') }}

-- The months' prices, and which of them count: a line that says "out of stock" has no current price, whatever stands
-- beside it, and a price far off is most often none of this product.
select
    months.channel_key,
    months.channel_name,
    months.month_key,
    months.product_key,
    months.unknown_name_key,
    months.currency,
    months.price,
    months.availability,
    months.offer_count,
    months.distinct_offer_count,
    months.first_date_key,
    months.last_date_key,
    months.latest,
    months.price is not null
    and months.availability <> 'stock_out'
    and {{ is_price_outlier('months', 'usual_prices') }} as is_outlier,
    months.price is not null
    and months.availability <> 'stock_out'
    and not {{ is_price_outlier('months', 'usual_prices') }} as is_price_counted
from {{ ref('int_offer_price_months') }} as months
left join {{ ref('int_usual_prices') }} as usual_prices
    on months.product_key = usual_prices.product_key and months.currency = usual_prices.currency
