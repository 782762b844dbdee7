{{ config(materialized='view') }}

-- The months' prices, and which of them count: a line that says "out of stock" has no current price, whatever stands
-- beside it, and a price far off is most often none of this product.
select
    months.*,
    months.price is not null
    and months.availability <> 'stock_out'
    and {{ is_price_outlier('months', 'usual_prices') }} as is_outlier,
    months.price is not null
    and months.availability <> 'stock_out'
    and not {{ is_price_outlier('months', 'usual_prices') }} as is_price_counted
from {{ ref('int_offer_price_months') }} as months
left join {{ ref('int_usual_prices') }} as usual_prices
    on months.product_key = usual_prices.product_key and months.currency = usual_prices.currency
