{{
    config(indexes=[
        {'columns': ['product_price_key'], 'unique': True},
        {'columns': ['product_key', 'date_key']},
        {'columns': ['channel_key', 'date_key']},
    ])
}}

-- A line that says "out of stock" has no current price, whatever stands beside it.
with prices as (
    select
        product_key,
        channel_key,
        channel_name,
        date_key,
        currency,
        count(*) as offer_count,
        count(*) filter (where not is_repost) as distinct_offer_count,
        count(*) filter (where is_price_outlier) as outlier_count,
        min(price) filter (where is_price_counted) as min_price,
        percentile_cont(0.5) within group (order by price) filter (where is_price_counted) as median_price,
        max(price) filter (where is_price_counted) as max_price,
        (
            array_agg(price order by offer_timestamp desc, message_id desc, offer_index desc)
            filter (where is_price_counted)
        )[1] as latest_price,
        min(price_per_unit) filter (where is_price_counted) as min_price_per_unit,
        percentile_cont(0.5) within group (order by price_per_unit) filter (where is_price_counted)
            as median_price_per_unit
    from {{ ref('fct_offers') }}
    where price is not null and availability <> 'stock_out'
    group by product_key, channel_key, channel_name, date_key, currency
)

select
    -- keys
    md5(product_key || ':' || date_key || ':' || channel_key || ':' || currency) as product_price_key,
    product_key,
    channel_key,
    date_key,

    -- what people read
    channel_name,
    {{ date_of_key('date_key') }} as full_date,
    currency,

    -- prices
    min_price,
    cast(median_price as numeric) as median_price,
    max_price,
    latest_price,
    min_price_per_unit,
    cast(median_price_per_unit as numeric) as median_price_per_unit,

    -- counts
    offer_count,
    distinct_offer_count,
    outlier_count
from prices
