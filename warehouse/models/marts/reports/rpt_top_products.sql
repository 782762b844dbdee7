{{
    config(
        tags=['reposts'],
        meta={'made_of': 'offers'},
        indexes=[
            {'columns': ['product_key'], 'unique': True},
            {'columns': ['offer_count']},
            {'columns': ['distinct_offer_count']},
            {'columns': ['channel_count']},
            {'columns': ['total_views']},
            {'columns': ['median_price']},
            {'columns': ['last_offered_date']},
            {'columns': ['product_name']},
        ],
    )
}}

-- depends_on: {{ ref('int_offers') }}
with prices as (
    select *
    from {{ ref('int_offer_prices') }}
),

counted_prices as (
    select
        product_key,
        price,
        cast(sum(offer_count) as bigint) as price_count
    from prices
    where is_price_counted and currency = 'ETB'
    group by product_key, price
),

{{ medians('counted_prices', ['product_key'], 'price', 'price_count') }},

by_channel as (
    select
        product_key,
        channel_name,
        sum(offer_count) as offer_count,
        sum(distinct_offer_count) as distinct_offer_count,
        sum(offer_count) filter (where is_price_counted and currency = 'ETB') as priced_offer_count,
        min(price) filter (where is_price_counted and currency = 'ETB') as min_price,
        max(price) filter (where is_price_counted and currency = 'ETB') as max_price,
        min(first_date_key) filter (where availability <> 'stock_out') as first_date_key,
        max(last_date_key) filter (where availability <> 'stock_out') as last_date_key,
        -- Which line has the newest price; looked up again, because sorting costs more.
        max(latest) filter (where is_price_counted and currency = 'ETB') as last_priced
    from prices
    group by product_key, channel_name
),

latest_lines as (
    select distinct on (product_key)
        product_key,
        channel_name,
        last_priced
    from by_channel
    where last_priced is not null
    order by product_key asc, last_priced[1] desc, channel_name asc
),

latest_prices as (
    select
        prices.product_key,
        prices.price
    from latest_lines
    inner join prices
        on
            latest_lines.product_key = prices.product_key
            and latest_lines.channel_name = prices.channel_name
            and latest_lines.last_priced = prices.latest
),

offers as (
    select
        product_key,
        cast(sum(offer_count) as bigint) as offer_count,
        cast(sum(distinct_offer_count) as bigint) as distinct_offer_count,
        array_agg(channel_name order by channel_name) as channels,
        cast(coalesce(sum(priced_offer_count), 0) as bigint) as priced_offer_count,
        min(min_price) as min_price,
        max(max_price) as max_price,
        {{ date_of_key("min(first_date_key)") }} as first_offered_date,
        {{ date_of_key("max(last_date_key)") }} as last_offered_date
    from by_channel
    group by product_key
),

engagement as (
    select
        product_key,
        sum(total_views) as total_views,
        sum(total_forwards) as total_forwards
    from {{ ref('int_product_view_months') }}
    group by product_key
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
    medians_of_counted_prices.median as median_price,
    offers.max_price,
    latest_prices.price as latest_price,

    -- engagement
    cast(engagement.total_views as bigint) as total_views,
    cast(engagement.total_forwards as bigint) as total_forwards,

    -- dates
    offers.first_offered_date,
    offers.last_offered_date
from offers
inner join {{ ref('dim_products') }} as products on offers.product_key = products.product_key
left join engagement on offers.product_key = engagement.product_key
left join latest_prices on offers.product_key = latest_prices.product_key
left join medians_of_counted_prices on offers.product_key = medians_of_counted_prices.product_key
