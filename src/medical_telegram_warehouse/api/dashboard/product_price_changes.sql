-- Prices of one product that moved lately, newest first.
SELECT
    channel_name,
    full_date,
    currency,
    price,
    previous_price,
    previous_date,
    change_ratio,
    latest_message_key,
    previous_message_key
FROM marts.rpt_price_changes
WHERE product_key = %(product_key)s
ORDER BY full_date DESC, channel_name ASC, currency ASC
LIMIT %(rows)s;
