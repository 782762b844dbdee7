-- Who adds the months up must come to what the list of products says, or two pages would contradict each other.
with months as (
    select
        product_key,
        sum(offer_count) as offer_count,
        sum(distinct_offer_count) as distinct_offer_count,
        sum(priced_offer_count) as priced_offer_count,
        min(min_price) as min_price,
        max(max_price) as max_price,
        sum(total_views) as total_views,
        sum(total_forwards) as total_forwards,
        min(first_offered_date) as first_offered_date,
        max(last_offered_date) as last_offered_date
    from {{ ref('rpt_product_activity_monthly') }}
    group by product_key
),

products as (
    select
        product_key,
        offer_count,
        distinct_offer_count,
        priced_offer_count,
        min_price,
        max_price,
        total_views,
        total_forwards,
        first_offered_date,
        last_offered_date
    from {{ ref('rpt_top_products') }}
)

select
    coalesce(months.product_key, products.product_key) as product_key,
    months.offer_count as month_total,
    products.offer_count
from months
full join products on months.product_key = products.product_key
where
    (months.offer_count, months.distinct_offer_count, months.priced_offer_count)
    is distinct from (products.offer_count, products.distinct_offer_count, products.priced_offer_count)
    or (months.min_price, months.max_price, months.total_views, months.total_forwards)
    is distinct from (products.min_price, products.max_price, products.total_views, products.total_forwards)
    or (months.first_offered_date, months.last_offered_date)
    is distinct from (products.first_offered_date, products.last_offered_date)
