{{
    config(
        tags=['reposts'],
        meta={'made_of': 'offers'},
        indexes=[
            {'columns': ['product_month_key'], 'unique': True},
            {'columns': ['product_key', 'month_key']},
            {'columns': ['month_key']},
            {'columns': ['channel_key', 'month_key']},
        ],
    )
}}

-- depends_on: {{ ref('int_offers') }}
-- Made anew each time like rpt_top_products, and from the same counts: with every new offer an old price may become
-- strange, or cease to be.
with prices as (
    select *
    from {{ ref('int_offer_prices') }}
),

counted_prices as (
    select
        product_key,
        channel_key,
        month_key,
        price,
        cast(sum(offer_count) as bigint) as price_count
    from prices
    where is_price_counted and currency = 'ETB'
    group by product_key, channel_key, month_key, price
),

{{ medians('counted_prices', ['product_key', 'channel_key', 'month_key'], 'price', 'price_count') }},

months as (
    select
        product_key,
        channel_key,
        channel_name,
        month_key,
        sum(offer_count) as offer_count,
        sum(distinct_offer_count) as distinct_offer_count,
        sum(offer_count) filter (where is_price_counted and currency = 'ETB') as priced_offer_count,
        min(price) filter (where is_price_counted and currency = 'ETB') as min_price,
        max(price) filter (where is_price_counted and currency = 'ETB') as max_price,
        min(first_date_key) filter (where availability <> 'stock_out') as first_date_key,
        max(last_date_key) filter (where availability <> 'stock_out') as last_date_key
    from prices
    group by product_key, channel_key, channel_name, month_key
)

select
    -- keys
    md5(months.product_key || ':' || months.channel_key || ':' || months.month_key) as product_month_key,
    months.product_key,
    months.channel_key,
    months.month_key,

    -- what people read
    months.channel_name,
    {{ date_of_key('months.month_key') }} as month_start_date,

    -- counts
    cast(months.offer_count as bigint) as offer_count,
    cast(months.distinct_offer_count as bigint) as distinct_offer_count,

    -- prices
    cast(coalesce(months.priced_offer_count, 0) as bigint) as priced_offer_count,
    months.min_price,
    medians_of_counted_prices.median as median_price,
    months.max_price,

    -- engagement
    cast(views.total_views as bigint) as total_views,
    cast(views.total_forwards as bigint) as total_forwards,

    -- dates
    {{ date_of_key('months.first_date_key') }} as first_offered_date,
    {{ date_of_key('months.last_date_key') }} as last_offered_date
from months
left join medians_of_counted_prices
    on
        months.product_key = medians_of_counted_prices.product_key
        and months.channel_key = medians_of_counted_prices.channel_key
        and months.month_key = medians_of_counted_prices.month_key
left join {{ ref('int_product_view_months') }} as views
    on
        months.product_key = views.product_key
        and months.channel_key = views.channel_key
        and months.month_key = views.month_key
-- Read by periods: rows of a month lie beside each other (all months of a million messages: 17 ms instead of 31).
order by months.month_key, months.product_key, months.channel_key
