{{
    config(
        tags=['reposts'],
        meta={'made_of': 'offers'},
        indexes=[{'columns': ['name_key'], 'unique': True}, {'columns': ['offer_count']}],
    )
}}

-- depends_on: {{ ref('int_offers') }}
with names as (
    select distinct on (name_key)
        name_key,
        name as example_name
    from {{ ref('int_offer_name_months') }}
    where link_method = 'none'
    group by name_key, name
    order by name_key asc, sum(offer_count) desc, name asc
),

prices as (
    select *
    from {{ ref('int_offer_prices') }}
    where unknown_name_key is not null
),

counted_prices as (
    select
        unknown_name_key,
        price,
        cast(sum(offer_count) as bigint) as price_count
    from prices
    where is_price_counted and currency = 'ETB'
    group by unknown_name_key, price
),

{{ medians('counted_prices', ['unknown_name_key'], 'price', 'price_count') }},

latest as (
    select distinct on (unknown_name_key)
        unknown_name_key,
        {{ message_key('channel_name', 'latest[2]') }} as example_message_key
    from prices
    order by unknown_name_key asc, latest[1] desc, channel_name asc, latest[2] desc
),

offers as (
    select
        unknown_name_key,
        cast(sum(offer_count) as bigint) as offer_count,
        cast(sum(distinct_offer_count) as bigint) as distinct_offer_count,
        array_agg(distinct channel_name order by channel_name) as channels,
        cast(
            coalesce(sum(offer_count) filter (where is_price_counted and currency = 'ETB'), 0) as bigint
        ) as priced_offer_count,
        {{ date_of_key('min(first_date_key)') }} as first_seen_date,
        {{ date_of_key('max(last_date_key)') }} as last_seen_date
    from prices
    group by unknown_name_key
)

select
    -- the name
    names.name_key,
    names.example_name,

    -- counts
    offers.offer_count,
    offers.distinct_offer_count,
    cardinality(offers.channels) as channel_count,
    offers.channels,

    -- prices
    offers.priced_offer_count,
    medians_of_counted_prices.median as median_price,

    -- when and where
    offers.first_seen_date,
    offers.last_seen_date,
    latest.example_message_key
from names
inner join offers on names.name_key = offers.unknown_name_key
inner join latest on names.name_key = latest.unknown_name_key
left join medians_of_counted_prices on names.name_key = medians_of_counted_prices.unknown_name_key
