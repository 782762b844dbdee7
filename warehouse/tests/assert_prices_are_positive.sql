-- An offer without a price has none; a zero would drag every median down.
select
    offer_key,
    price
from {{ ref('int_offers') }}
where price <= 0
