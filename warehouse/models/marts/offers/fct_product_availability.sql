{{
    config(
        tags=['reposts'],
        indexes=[
            {'columns': ['product_availability_key'], 'unique': True},
            {'columns': ['product_key']},
            {'columns': ['channel_key']},
        ],
    )
}}

-- A channel's own last message is the clock: two builds of the same data agree, and a channel that rests does not lose
-- its products by resting.
with channels as (
    select
        channel_key,
        max(full_date) as last_message_date
    from {{ ref('rpt_channel_activity_daily') }}
    group by channel_key
),

prices as (
    select *
    from {{ ref('int_offer_prices') }}
),

last_said as (
    select distinct on (product_key, channel_key)
        product_key,
        channel_key,
        availability as last_status
    from prices
    order by product_key asc, channel_key asc, latest desc
),

last_prices as (
    select distinct on (product_key, channel_key)
        product_key,
        channel_key,
        price as latest_price,
        currency as latest_price_currency
    from prices
    where is_price_counted
    order by product_key asc, channel_key asc, latest desc
),

availability as (
    select
        product_key,
        channel_key,
        channel_name,
        {{ date_of_key("min(first_date_key) filter (where availability <> 'stock_out')") }} as first_seen_date,
        {{ date_of_key("max(last_date_key) filter (where availability <> 'stock_out')") }} as last_seen_date,
        cast(sum(offer_count) as bigint) as offer_count,
        cast(sum(distinct_offer_count) as bigint) as distinct_offer_count
    from prices
    group by product_key, channel_key, channel_name
)

select
    -- keys
    md5(availability.product_key || ':' || availability.channel_key) as product_availability_key,
    availability.product_key,
    availability.channel_key,

    -- what people read
    availability.channel_name,

    -- as last said
    availability.first_seen_date,
    availability.last_seen_date,
    last_said.last_status,
    last_prices.latest_price,
    last_prices.latest_price_currency,

    -- counts
    availability.offer_count,
    availability.distinct_offer_count,

    -- beside what the channel posted since
    coalesce(
        channels.last_message_date - availability.first_seen_date <= {{ var('product_new_days') }}, false
    ) as is_new,
    last_said.last_status = 'stock_out'
    or channels.last_message_date - availability.last_seen_date > {{ var('product_gone_days') }} as is_gone
from availability
inner join channels on availability.channel_key = channels.channel_key
inner join last_said
    on availability.product_key = last_said.product_key and availability.channel_key = last_said.channel_key
left join last_prices
    on availability.product_key = last_prices.product_key and availability.channel_key = last_prices.channel_key
