{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='product_price_key',
        on_schema_change='append_new_columns',
        post_hook=["{{ delete_prices_left_over() }}", "{{ remember_build() }}"],
        indexes=[
            {'columns': ['product_price_key'], 'unique': True},
            {'columns': ['product_key', 'date_key']},
            {'columns': ['channel_key', 'date_key']},
        ],
    )
}}

-- A line that says "out of stock" has no current price, whatever stands beside it.
with priced_offers as (
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
-- New offers move what is usual for their product, and an old price may become strange or cease to be. Strange prices
-- are few: of each day, their number now is held against their number in this table. An outlier that was counted before
-- lies between the counted extremes, so that an exchange of two is noticed as well.
strange_prices as (
    select distinct
        product_key,
        currency,
        price
    from {{ ref('int_offer_prices') }}
    where is_outlier
),

strange_days as (
    select
        offers.product_key,
        offers.channel_key,
        offers.date_key,
        offers.currency,
        count(*) as outlier_count,
        array_agg(offers.price) as outlier_prices
    from strange_prices
    inner join {{ ref('int_offers') }} as offers
        on
            strange_prices.product_key = offers.product_key
            and strange_prices.price = offers.price
            and strange_prices.currency = offers.currency
    where offers.availability <> 'stock_out'
    group by offers.product_key, offers.channel_key, offers.date_key, offers.currency
),

judged_anew as materialized (
    select
        product_key,
        channel_key,
        date_key,
        currency
    from strange_days
    full join (
        select
            product_key,
            channel_key,
            date_key,
            currency,
            outlier_count as former_count
        from {{ this }}
        where outlier_count > 0
    ) as former
        using (product_key, channel_key, date_key, currency)
    where coalesce(strange_days.outlier_count, 0) <> coalesce(former.former_count, 0)
    union
    select
        strange_days.product_key,
        strange_days.channel_key,
        strange_days.date_key,
        strange_days.currency
    from strange_days
    inner join {{ this }} as stored using (product_key, channel_key, date_key, currency)
    cross join unnest(strange_days.outlier_prices) as outliers (price)
    where outliers.price between stored.min_price and stored.max_price
),

changed_days as materialized ({{ changed_periods(read_up_to(), 'day', offers=true, messages=false) }}
),

offers as (
    select priced_offers.*
    from priced_offers
    inner join changed_days
        on priced_offers.channel_key = changed_days.channel_key and priced_offers.date_key = changed_days.day_key
    union all
    select priced_offers.*
    from priced_offers
    inner join judged_anew using (product_key, channel_key, date_key, currency)
    where (priced_offers.channel_key, priced_offers.date_key) not in (
        select
            changed_days.channel_key,
            changed_days.day_key
        from changed_days
    )
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

    -- what people read
    channel_name,
    {{ date_of_key('date_key') }} as full_date,
    currency,

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
