-- Every offer that was read must reach the fact table: one whose message is not there would be missing in every report,
-- and no total of a report could tell.
select
    offers.channel_name,
    offers.message_id,
    offers.offer_index
from {{ ref('stg_offers__message_offers') }} as offers
left join {{ ref('fct_offers') }} as built
    on
        offers.channel_name = built.channel_name
        and offers.message_id = built.message_id
        and offers.offer_index = built.offer_index
where built.offer_key is null
