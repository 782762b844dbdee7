SELECT
    concat_ws(' ', product_name, strength, form) AS product,
    product_class,
    offer_count,
    distinct_offer_count,
    channel_count,
    min_price,
    max_price
FROM marts.rpt_top_products
ORDER BY offer_count DESC, product, product_key
LIMIT %(limit)s;
