-- One row per channel, week or month, and currency, newest first.
WITH days AS (
    SELECT
        *,
        date_trunc(%(interval)s, full_date)::date AS period
    FROM marts.fct_product_prices
    WHERE
        product_key = %(product_key)s
        AND (%(channel_name)s::text IS NULL OR channel_name = %(channel_name)s)
        AND (%(currency)s::text IS NULL OR currency = %(currency)s)
        AND (%(from_date)s::date IS NULL OR date_key >= to_char(%(from_date)s::date, 'YYYYMMDD')::integer)
        AND (%(to_date)s::date IS NULL OR date_key <= to_char(%(to_date)s::date, 'YYYYMMDD')::integer)
)

SELECT
    product_key,
    channel_name,
    period,
    currency,
    min(min_price) AS min_price,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY median_price)::numeric, 2) AS median_price,
    max(max_price) AS max_price,
    (array_agg(latest_price ORDER BY full_date DESC) FILTER (WHERE latest_price IS NOT NULL))[1] AS latest_price,
    sum(offer_count)::bigint AS offer_count,
    sum(outlier_count)::bigint AS outlier_count,
    (array_agg(latest_message_key ORDER BY full_date DESC) FILTER (WHERE latest_price IS NOT NULL))[1]
        AS latest_message_key
FROM days
GROUP BY product_key, channel_name, period, currency
ORDER BY period DESC, channel_name ASC, currency ASC
OFFSET %(offset)s
LIMIT %(rows)s;
