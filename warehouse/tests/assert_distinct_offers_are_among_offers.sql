-- What is offered without repetition is part of what is offered, and a product in more channels than lines would be a
-- join gone wrong.
with counts as (
    select
        'rpt_top_products' as summary,
        product_key as row_key,
        offer_count,
        distinct_offer_count,
        channel_count
    from {{ ref('rpt_top_products') }}
    union all
    select
        'rpt_product_review' as summary,
        name_key as row_key,
        offer_count,
        distinct_offer_count,
        channel_count
    from {{ ref('rpt_product_review') }}
    union all
    select
        'fct_product_prices' as summary,
        product_price_key as row_key,
        offer_count,
        distinct_offer_count,
        1 as channel_count
    from {{ ref('fct_product_prices') }}
    union all
    select
        'fct_product_availability' as summary,
        product_availability_key as row_key,
        offer_count,
        distinct_offer_count,
        1 as channel_count
    from {{ ref('fct_product_availability') }}
)

select *
from counts
where distinct_offer_count > offer_count or channel_count > offer_count
