SELECT product, kind, mention_count, distinct_mention_count, channels
FROM marts.rpt_product_mentions
ORDER BY mention_count DESC, product
LIMIT %(limit)s;
