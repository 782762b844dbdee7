{{
    config(
        meta={'written': {'by': 'fct_product_prices', 'column': 'updated_at'}},
        tags=['reposts'],
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ list_changed_prices() }}",
        indexes=[
            {'columns': ['product_price_key'], 'unique': True},
            {'columns': ['product_key', 'date_key']},
            {'columns': ['channel_key', 'date_key']},
            {'columns': ['product_key', 'channel_key', 'currency', 'date_key']},
        ],
    )
}}

-- A line that says "out of stock" has no current price, whatever stands beside it.
with priced_offers as not materialized (
    select
        offers.*,
        {{ price_per_unit('offers') }} as price_per_unit,
        {{ is_price_outlier('offers', 'usual_prices') }} as is_price_outlier
    from {{ ref('int_offers') }} as offers
    left join {{ ref('int_usual_prices') }} as usual_prices
        on offers.product_key = usual_prices.product_key and offers.currency = usual_prices.currency
    where offers.price is not null and offers.availability <> 'stock_out'
),

{% if is_incremental() %}
offers as (
    select priced_offers.*
    from priced_offers
    inner join changed_periods
        on
            priced_offers.channel_key = changed_periods.channel_key
            and priced_offers.date_key = changed_periods.day_key
    union all
    select priced_offers.*
    from priced_offers
    inner join judged_anew
        on
            priced_offers.product_key = judged_anew.product_key
            and priced_offers.channel_key = judged_anew.channel_key
            and priced_offers.date_key = judged_anew.date_key
            and priced_offers.currency = judged_anew.currency
),
{% else %}
offers as (
    select *
    from priced_offers
),
{% endif %}

prices as (
    select
        product_key,
        channel_key,
        channel_name,
        date_key,
        currency,
        count(*) as offer_count,
        count(*) filter (where not is_repost) as distinct_offer_count,
        count(*) filter (where is_price_outlier) as outlier_count,
        min(price) filter (where not is_price_outlier) as min_price,
        percentile_cont(0.5) within group (order by price) filter (where not is_price_outlier) as median_price,
        max(price) filter (where not is_price_outlier) as max_price,
        (
            array_agg(price order by offer_timestamp desc, message_id desc, offer_index desc)
            filter (where not is_price_outlier)
        )[1] as latest_price,
        (
            array_agg(message_id order by offer_timestamp desc, message_id desc, offer_index desc)
            filter (where not is_price_outlier)
        )[1] as latest_message_id,
        min(price_per_unit) filter (where not is_price_outlier) as min_price_per_unit,
        percentile_cont(0.5) within group (order by price_per_unit) filter (where not is_price_outlier)
            as median_price_per_unit
    from offers
    group by product_key, channel_key, channel_name, date_key, currency
)

select
    -- keys
    md5(product_key || ':' || date_key || ':' || channel_key || ':' || currency) as product_price_key,
    product_key,
    channel_key,
    date_key,
    {{ message_key('channel_name', 'latest_message_id') }} as latest_message_key,

    -- what people read
    channel_name,
    {{ date_of_key('date_key') }} as full_date,
    currency,
    latest_message_id,

    -- prices
    min_price,
    cast(median_price as numeric) as median_price,
    max_price,
    latest_price,
    min_price_per_unit,
    cast(median_price_per_unit as numeric) as median_price_per_unit,

    -- counts
    offer_count,
    distinct_offer_count,
    outlier_count,

    -- timestamps
    now() as updated_at
from prices
{% if not is_incremental() %}
-- Rows of one time lie together then, and are read together.
order by date_key
{% endif %}
