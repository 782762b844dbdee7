-- One row per channel, day and currency, newest first.
SELECT
    product_key,
    channel_name,
    full_date AS period,
    currency,
    min_price,
    median_price,
    max_price,
    latest_price,
    offer_count,
    outlier_count,
    latest_message_key
FROM marts.fct_product_prices
WHERE
    product_key = %(product_key)s
    AND (%(channel_name)s::text IS NULL OR channel_name = %(channel_name)s)
    AND (%(currency)s::text IS NULL OR currency = %(currency)s)
    AND (%(from_date)s::date IS NULL OR date_key >= to_char(%(from_date)s::date, 'YYYYMMDD')::integer)
    AND (%(to_date)s::date IS NULL OR date_key <= to_char(%(to_date)s::date, 'YYYYMMDD')::integer)
ORDER BY date_key DESC, channel_name ASC, currency ASC
OFFSET %(offset)s
LIMIT %(rows)s;
