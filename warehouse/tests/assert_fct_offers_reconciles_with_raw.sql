-- Every offer that was read must reach the fact table once: one whose message is not there would be missing in every
-- report, and no total of a report could tell.
with loaded as (
    select count(*) as offer_count
    from {{ ref('stg_offers__message_offers') }}
),

built as (
    select count(*) as offer_count
    from {{ ref('int_offers') }}
),

shown as (
    select count(*) as offer_count
    from {{ ref('int_offers') }} as offers
    inner join {{ ref('dim_products') }} as products on offers.product_key = products.product_key
)

select
    loaded.offer_count as loaded_count,
    built.offer_count as built_count,
    shown.offer_count as shown_count
from loaded
cross join built
cross join shown
where loaded.offer_count <> built.offer_count or loaded.offer_count <> shown.offer_count
