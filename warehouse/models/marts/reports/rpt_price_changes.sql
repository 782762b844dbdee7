{{
    config(
        tags=['reposts'],
        meta={'made_of': 'offers'},
        indexes=[
            {'columns': ['product_price_key'], 'unique': True},
            {'columns': ['full_date']},
            {'columns': ['product_key', 'full_date']},
            {'columns': ['channel_key', 'full_date']},
        ],
    )
}}

-- depends_on: {{ ref('int_offers') }}
with newest as (
    {{ newest_day() }}
),

recent as (
    select prices.*
    from newest
    inner join {{ ref('fct_product_prices') }} as prices
        on
            prices.date_key > {{ date_key("newest.last_date - " ~ var('price_change_days')) }}
            and prices.date_key <= {{ date_key("newest.last_date") }}
    where prices.latest_price is not null
),

-- What each cost on the last day before, however long ago: one look-up each, whatever the history's length.
former as (
    select earlier.*
    from (
        select
            product_key,
            channel_key,
            currency,
            min(date_key) as first_date_key
        from recent
        group by product_key, channel_key, currency
    ) as pairs
    cross join lateral (
        select prices.*
        from {{ ref('fct_product_prices') }} as prices
        where
            prices.product_key = pairs.product_key
            and prices.channel_key = pairs.channel_key
            and prices.currency = pairs.currency
            and prices.date_key < pairs.first_date_key
            and prices.latest_price is not null
        order by prices.date_key desc
        limit 1
    ) as earlier
),

days as (
    select
        priced_days.*,
        lag(priced_days.latest_price) over history as previous_price,
        lag(priced_days.full_date) over history as previous_date,
        lag(priced_days.latest_message_key) over history as previous_message_key,
        lag(priced_days.latest_message_id) over history as previous_message_id
    from (
        select *
        from recent
        union all
        select *
        from former
    ) as priced_days
    window
        history as (
            partition by priced_days.product_key, priced_days.channel_key, priced_days.currency
            order by priced_days.date_key
        )
)

-- The earliest day of each has no day before it here, and goes.
select
    -- keys
    days.product_price_key,
    days.product_key,
    days.channel_key,
    days.date_key,
    days.latest_message_key,
    days.previous_message_key,

    -- what people read
    products.product_name,
    products.strength,
    products.form,
    products.product_class,
    days.channel_name,
    days.full_date,
    days.previous_date,
    days.latest_message_id,
    days.previous_message_id,

    -- prices
    days.currency,
    days.latest_price as price,
    days.previous_price,
    days.latest_price - days.previous_price as change_amount,
    cast(days.latest_price / days.previous_price - 1 as double precision) as change_ratio
from days
inner join {{ ref('dim_products') }} as products on days.product_key = products.product_key
where days.latest_price <> days.previous_price
