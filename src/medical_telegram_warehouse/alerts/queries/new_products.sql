-- Products that none of the rule's channels offered before.
SELECT
    products.product_key,
    products.product_name,
    products.strength,
    products.form,
    first.channel_name,
    first.first_seen_date,
    first.latest_price,
    first.latest_price_currency
FROM (
    SELECT DISTINCT ON (product_key)
        product_key,
        channel_key,
        channel_name,
        first_seen_date,
        latest_price,
        latest_price_currency
    FROM marts.fct_product_availability
    WHERE first_seen_date > %(newest_day)s::date - %(recent_days)s AND channel_name ILIKE %(channel)s
    ORDER BY product_key ASC, first_seen_date ASC, channel_name ASC
) AS first
INNER JOIN marts.dim_products AS products ON first.product_key = products.product_key
WHERE
    products.product_name ILIKE %(product)s
    AND NOT EXISTS (
        SELECT
        FROM marts.fct_product_availability AS earlier
        WHERE
            earlier.product_key = first.product_key
            AND earlier.first_seen_date <= %(newest_day)s::date - %(recent_days)s
            AND earlier.channel_name ILIKE %(channel)s
    )
ORDER BY first.first_seen_date DESC, products.product_name ASC, products.product_key ASC
LIMIT %(rows)s;
