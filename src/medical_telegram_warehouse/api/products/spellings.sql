SELECT
    name,
    sum(offer_count)::bigint AS offer_count
FROM marts.rpt_product_names
WHERE product_key = %(product_key)s
GROUP BY name
ORDER BY offer_count DESC, name ASC
LIMIT 50;
