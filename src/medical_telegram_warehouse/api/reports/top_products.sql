SELECT
    concat_ws(' ', product_name, strength, form) AS term,
    offer_count AS mention_count,
    distinct_offer_count AS distinct_mention_count,
    total_views,
    total_forwards,
    channels,
    product_key,
    product_class,
    min_price,
    median_price,
    max_price,
    first_offered_date AS first_mention_date,
    last_offered_date AS last_mention_date,
    count(*) OVER () AS total_found
FROM marts.rpt_top_products
WHERE
    offer_count >= %(min_mentions)s
    AND (%(product_class)s::text IS NULL OR product_class = %(product_class)s)
ORDER BY offer_count DESC, product_key ASC
LIMIT %(limit)s;
