{{
    config(indexes=[
        {'columns': ['product_availability_key'], 'unique': True},
        {'columns': ['product_key']},
        {'columns': ['channel_key']},
    ])
}}

-- A channel's own last message is the clock: two builds of the same data agree, and a channel that rests does not lose
-- its products by resting. From fct_messages, because dim_channels is built again when the photos are known.
with channels as (
    select
        channel_key,
        {{ date_of_key('max(date_key)') }} as last_message_date
    from {{ ref('fct_messages') }}
    group by channel_key
),

availability as (
    select
        product_key,
        channel_key,
        channel_name,
        {{ date_of_key("min(date_key) filter (where availability <> 'stock_out')") }} as first_seen_date,
        {{ date_of_key("max(date_key) filter (where availability <> 'stock_out')") }} as last_seen_date,
        (array_agg(availability order by offer_timestamp desc, message_id desc, offer_index desc))[1] as last_status,
        count(*) as offer_count,
        count(*) filter (where not is_repost) as distinct_offer_count,
        (
            array_agg(price order by offer_timestamp desc, message_id desc, offer_index desc)
            filter (where is_price_counted)
        )[1] as latest_price,
        (
            array_agg(currency order by offer_timestamp desc, message_id desc, offer_index desc)
            filter (where is_price_counted)
        )[1] as latest_price_currency
    from {{ ref('fct_offers') }}
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
    availability.last_status,
    availability.latest_price,
    availability.latest_price_currency,

    -- counts
    availability.offer_count,
    availability.distinct_offer_count,

    -- beside what the channel posted since
    coalesce(
        channels.last_message_date - availability.first_seen_date <= {{ var('product_new_days') }}, false
    ) as is_new,
    availability.last_status = 'stock_out'
    or channels.last_message_date - availability.last_seen_date > {{ var('product_gone_days') }} as is_gone
from availability
inner join channels on availability.channel_key = channels.channel_key
