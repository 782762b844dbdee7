SELECT
    products.brands,
    products.is_known,
    reports.*
FROM marts.rpt_top_products AS reports
INNER JOIN marts.dim_products AS products ON reports.product_key = products.product_key
WHERE reports.product_key = %(product_key)s;
