{{
    config(
        tags=['reposts'],
        meta={'made_of': 'offers'},
        indexes=[
            {'columns': ['product_availability_key'], 'unique': True},
            {'columns': ['product_key']},
            {'columns': ['channel_key', 'is_new']},
            {'columns': ['channel_key', 'is_gone']},
            {'columns': ['first_seen_date']},
            {'columns': ['last_seen_date']},
        ],
    )
}}

-- depends_on: {{ ref('int_offers') }}
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

availability as (
    select
        product_key,
        channel_key,
        channel_name,
        {{ date_of_key("min(first_date_key) filter (where availability <> 'stock_out')") }} as first_seen_date,
        {{ date_of_key("max(last_date_key) filter (where availability <> 'stock_out')") }} as last_seen_date,
        cast(sum(offer_count) as bigint) as offer_count,
        cast(sum(distinct_offer_count) as bigint) as distinct_offer_count,
        -- Which line is the newest, and which the newest with a price; looked up again, because sorting costs more.
        max(latest) as last_said,
        max(latest) filter (where is_price_counted) as last_priced
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
    said.availability as last_status,
    priced.price as latest_price,
    priced.currency as latest_price_currency,

    -- counts
    availability.offer_count,
    availability.distinct_offer_count,

    -- beside what the channel posted since
    coalesce(
        channels.last_message_date - availability.first_seen_date <= {{ var('product_new_days') }}, false
    ) as is_new,
    coalesce(said.availability = 'stock_out', false)
    or channels.last_message_date - availability.last_seen_date > {{ var('product_gone_days') }} as is_gone
from availability
inner join channels on availability.channel_key = channels.channel_key
left join prices as said
    on
        availability.product_key = said.product_key
        and availability.channel_key = said.channel_key
        and availability.last_said = said.latest
left join prices as priced
    on
        availability.product_key = priced.product_key
        and availability.channel_key = priced.channel_key
        and availability.last_priced = priced.latest
