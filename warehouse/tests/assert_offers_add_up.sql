-- Each summary holds every offer once. If a join doubled rows, or two channels' messages of one number were taken for
-- one, its total would no longer be that of the fact table.
with facts as (
    select
        count(*) as offer_count,
        count(*) filter (where not is_repost) as distinct_offer_count,
        count(*) filter (where price is not null and availability <> 'stock_out') as priced_count,
        count(*) filter (where link_method = 'none') as unlinked_count
    from {{ ref('fct_offers') }}
),

summaries as (
    select
        'rpt_top_products' as summary,
        sum(summed.offer_count) as offer_count,
        sum(summed.distinct_offer_count) as distinct_offer_count,
        max(facts.offer_count) as expected_count,
        max(facts.distinct_offer_count) as expected_distinct_count
    from facts
    left join {{ ref('rpt_top_products') }} as summed on true
    union all
    select
        'fct_product_availability' as summary,
        sum(summed.offer_count) as offer_count,
        sum(summed.distinct_offer_count) as distinct_offer_count,
        max(facts.offer_count) as expected_count,
        max(facts.distinct_offer_count) as expected_distinct_count
    from facts
    left join {{ ref('fct_product_availability') }} as summed on true
    union all
    select
        'fct_product_prices' as summary,
        sum(summed.offer_count) as offer_count,
        null as distinct_offer_count,
        max(facts.priced_count) as expected_count,
        null as expected_distinct_count
    from facts
    left join {{ ref('fct_product_prices') }} as summed on true
    union all
    select
        'rpt_product_review' as summary,
        sum(summed.offer_count) as offer_count,
        null as distinct_offer_count,
        max(facts.unlinked_count) as expected_count,
        null as expected_distinct_count
    from facts
    left join {{ ref('rpt_product_review') }} as summed on true
)

select *
from summaries
where
    coalesce(offer_count, 0) <> expected_count
    or coalesce(distinct_offer_count, 0) <> coalesce(expected_distinct_count, 0)
