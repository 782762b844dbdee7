{{ config(indexes=[{'columns': ['product_key'], 'unique': True}, {'columns': ['offer_count']}]) }}

with offers as (
    select
        product_key,
        count(*) as offer_count,
        count(*) filter (where not is_repost) as distinct_offer_count,
        array_agg(distinct channel_name order by channel_name) as channels,
        count(*) filter (where is_price_counted and currency = 'ETB') as priced_offer_count,
        min(price) filter (where is_price_counted and currency = 'ETB') as min_price,
        percentile_cont(0.5) within group (order by price) filter (where is_price_counted and currency = 'ETB')
            as median_price,
        max(price) filter (where is_price_counted and currency = 'ETB') as max_price,
        (
            array_agg(price order by offer_timestamp desc, channel_name asc, message_id desc, offer_index desc)
            filter (where is_price_counted and currency = 'ETB')
        )[1] as latest_price,
        {{ date_of_key("min(date_key) filter (where availability <> 'stock_out')") }} as first_offered_date,
        {{ date_of_key("max(date_key) filter (where availability <> 'stock_out')") }} as last_offered_date
    from {{ ref('fct_offers') }}
    group by product_key
),

-- A message that offers five packs of a product was read once.
product_messages as (
    select distinct
        product_key,
        message_key
    from {{ ref('fct_offers') }}
),

engagement as (
    select
        product_messages.product_key,
        sum(messages.views) as total_views,
        sum(messages.forwards) as total_forwards
    from product_messages
    inner join {{ ref('fct_messages') }} as messages on product_messages.message_key = messages.message_key
    group by product_messages.product_key
)

select
    -- the product
    products.product_key,
    products.product_name,
    products.product_class,
    products.strength,
    products.form,
    products.generic,

    -- counts
    offers.offer_count,
    offers.distinct_offer_count,
    cardinality(offers.channels) as channel_count,
    offers.channels,

    -- prices
    offers.priced_offer_count,
    offers.min_price,
    cast(offers.median_price as numeric) as median_price,
    offers.max_price,
    offers.latest_price,

    -- engagement
    cast(engagement.total_views as bigint) as total_views,
    cast(engagement.total_forwards as bigint) as total_forwards,

    -- dates
    offers.first_offered_date,
    offers.last_offered_date
from offers
inner join {{ ref('dim_products') }} as products on offers.product_key = products.product_key
inner join engagement on offers.product_key = engagement.product_key
