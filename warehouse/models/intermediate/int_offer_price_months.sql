{{
    config(
        tags=['reposts'],
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ list_changed_periods('month', offers=true, messages=false) }}",
        indexes=[{'columns': ['channel_key', 'month_key']}],
    )
}}

-- How often each price was said: from some hundred thousand rows, medians, extremes and newest prices of millions of
-- offers are told exactly. Names that nobody knows keep theirs, because each is reviewed by itself.
select
    offers.channel_key,
    offers.channel_name,
    {{ month_key('offers.date_key') }} as month_key,
    offers.product_key,
    case when offers.link_method = 'none' then offers.name_key end as unknown_name_key,
    offers.currency,
    offers.price,
    offers.availability,
    count(*) as offer_count,
    count(*) filter (where not offers.is_repost) as distinct_offer_count,
    min(offers.date_key) as first_date_key,
    max(offers.date_key) as last_date_key,
    -- The newest of them: when (microseconds since 1970), in which message, and where there.
    max(array[
        cast(extract(epoch from offers.offer_timestamp) * 1000000 as bigint), offers.message_id, offers.offer_index
    ]) as latest
from {{ ref('int_offers') }} as offers
{{ of_changed_days('offers') }}
group by 1, 2, 3, 4, 5, 6, 7, 8
