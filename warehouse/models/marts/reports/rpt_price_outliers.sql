{{
    config(
        tags=['reposts'],
        meta={'made_of': 'offers'},
        indexes=[
            {'columns': ['offer_key'], 'unique': True},
            {'columns': ['full_date']},
            {'columns': ['product_key', 'full_date']},
            {'columns': ['channel_key', 'full_date']},
        ],
    )
}}

with newest as (
    {{ newest_day() }}
),

-- From the prices that were said in these months, which are few; so that of the offers only strange ones are read.
strange_prices as (
    select distinct
        months.product_key,
        months.currency,
        months.price,
        usual_prices.median_price
    from newest
    inner join {{ ref('int_offer_price_months') }} as months
        on months.month_key >= {{ month_key(date_key("newest.last_date - " ~ var('price_change_days'))) }}
    inner join {{ ref('int_usual_prices') }} as usual_prices
        on months.product_key = usual_prices.product_key and months.currency = usual_prices.currency
    where {{ is_price_outlier('months', 'usual_prices') }}
)

select
    -- keys
    offers.offer_key,
    offers.message_key,
    offers.product_key,
    offers.channel_key,

    -- what people read
    products.product_name,
    products.strength,
    products.form,
    products.product_class,
    offers.name,
    offers.channel_name,
    offers.message_id,
    {{ date_of_key('offers.date_key') }} as full_date,

    -- prices
    offers.currency,
    offers.price,
    strange_prices.median_price,
    cast(offers.price / strange_prices.median_price as double precision) as ratio
from newest
cross join strange_prices
inner join {{ ref('int_offers') }} as offers
    on
        strange_prices.product_key = offers.product_key
        and strange_prices.price = offers.price
        and strange_prices.currency = offers.currency
inner join {{ ref('dim_products') }} as products on offers.product_key = products.product_key
where
    offers.date_key > {{ date_key("newest.last_date - " ~ var('price_change_days')) }}
    and offers.date_key <= {{ date_key("newest.last_date") }}
