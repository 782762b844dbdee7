SELECT
    product AS term,
    mention_count,
    distinct_mention_count,
    total_views,
    total_forwards,
    channels,
    NULL AS product_key,
    kind AS product_class,
    NULL AS min_price,
    NULL AS median_price,
    NULL AS max_price,
    first_mention_date,
    last_mention_date,
    count(*) OVER () AS total_found
FROM marts.rpt_product_mentions
WHERE mention_count >= %(min_mentions)s
ORDER BY mention_count DESC, product ASC
LIMIT %(limit)s;
