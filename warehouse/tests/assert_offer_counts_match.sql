-- The extractor tells of each message how many offers it holds. When the rows disagree, offers of an older reading
-- were left behind, or a join doubled some.
with offers as (
    select
        message_key,
        count(*) as offer_rows
    from {{ ref('fct_offers') }}
    group by message_key
)

select
    messages.message_key,
    messages.offer_count,
    offers.offer_rows
from {{ ref('fct_messages') }} as messages
left join offers on messages.message_key = offers.message_key
where coalesce(offers.offer_rows, 0) <> coalesce(messages.offer_count, 0)
