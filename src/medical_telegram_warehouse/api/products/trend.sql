-- Offers and the lowest price of each of the last months, for the lines beside products.
SELECT
    product_key,
    month_start_date,
    sum(offer_count)::bigint AS offer_count,
    min(min_price) AS min_price
FROM marts.rpt_product_activity_monthly
WHERE product_key = ANY(%(keys)s::text[]) AND month_start_date >= %(since)s::date
GROUP BY product_key, month_start_date
ORDER BY product_key, month_start_date;
