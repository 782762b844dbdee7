-- How many products there are over the whole history.
SELECT count(*) AS total
FROM marts.rpt_top_products
WHERE
    (%(product_class)s::text IS NULL OR product_class = %(product_class)s)
    AND (%(keys)s::text[] IS NULL OR product_key = ANY(%(keys)s::text[]));
