{{ config(meta={'written': {'by': 'int_offers', 'column': 'updated_at'}}, materialized='view') }}

-- A view: what an offer says is stored (int_offers); what all offers of a product say together, its spelling and which
-- price is usual, changes with every new offer and is looked up.
select
    -- keys
    offers.offer_key,
    offers.message_key,
    offers.product_key,
    offers.channel_key,
    offers.date_key,

    -- identifiers
    offers.channel_name,
    offers.message_id,
    offers.offer_index,

    -- the product, as written and as linked
    offers.name,
    offers.name_key,
    offers.link_method,
    offers.link_score,
    products.product_name,
    offers.product_class,
    offers.generic,
    offers.brand,
    offers.strength,
    offers.product_strength,
    offers.form,
    offers.product_form,
    offers.pack,
    offers.pack_units,

    -- the price
    offers.price,
    offers.prices,
    offers.currency,
    {{ price_per_unit('offers') }} as price_per_unit,
    offers.old_price,

    -- terms
    offers.expiry_date,
    offers.seller,
    offers.availability,

    -- where it stands
    offers.confidence,
    offers.span_start,
    offers.span_end,

    -- what kind of line it is
    offers.is_forward,
    offers.is_repost,
    offers.is_deleted,
    {{ is_price_outlier('offers', 'usual_prices') }} as is_price_outlier,
    offers.price is not null
    and offers.availability <> 'stock_out'
    and not {{ is_price_outlier('offers', 'usual_prices') }} as is_price_counted,

    -- timestamps
    offers.offer_timestamp,
    offers.updated_at
from {{ ref('int_offers') }} as offers
inner join {{ ref('dim_products') }} as products on offers.product_key = products.product_key
left join {{ ref('int_usual_prices') }} as usual_prices
    on offers.product_key = usual_prices.product_key and offers.currency = usual_prices.currency
