{{ config(indexes=[{'columns': ['name_key'], 'unique': True}, {'columns': ['offer_count']}]) }}

with names as (
    select
        name_key,
        mode() within group (order by name) as example_name,
        count(*) as offer_count,
        count(*) filter (where not is_repost) as distinct_offer_count,
        array_agg(distinct channel_name order by channel_name) as channels,
        count(*) filter (where is_price_counted and currency = 'ETB') as priced_offer_count,
        percentile_cont(0.5) within group (order by price) filter (where is_price_counted and currency = 'ETB')
            as median_price,
        {{ date_of_key('min(date_key)') }} as first_seen_date,
        {{ date_of_key('max(date_key)') }} as last_seen_date,
        (array_agg(message_key order by offer_timestamp desc, channel_name asc, message_id desc))[1]
            as example_message_key
    from {{ ref('fct_offers') }}
    where link_method = 'none'
    group by name_key
)

select
    -- the name
    name_key,
    example_name,

    -- counts
    offer_count,
    distinct_offer_count,
    cardinality(channels) as channel_count,
    channels,

    -- prices
    priced_offer_count,
    cast(median_price as numeric) as median_price,

    -- when and where
    first_seen_date,
    last_seen_date,
    example_message_key
from names
