-- The extractor tells of each message how many offers it holds. When the rows disagree, offers of an older reading
-- were left behind, or a join doubled some. By month, which the summaries count by themselves.
with offers as (
    select
        channel_key,
        month_key,
        sum(offer_count) as offer_rows
    from {{ ref('int_offer_price_months') }}
    group by channel_key, month_key
),

messages as (
    select
        channel_key,
        {{ month_key('date_key') }} as month_key,
        sum(offer_count) as offer_count
    from {{ ref('fct_messages') }}
    where offer_count > 0
    group by channel_key, {{ month_key('date_key') }}
)

select
    messages.channel_key,
    messages.month_key,
    messages.offer_count,
    offers.offer_rows
from messages
full join offers on messages.channel_key = offers.channel_key and messages.month_key = offers.month_key
where coalesce(offers.offer_rows, 0) <> coalesce(messages.offer_count, 0)
