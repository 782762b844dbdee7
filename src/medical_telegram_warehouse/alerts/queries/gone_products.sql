-- Products that each of the rule's channels which had offered them has not offered for so many days of its own: a
-- channel that rests does not lose its products by resting. Only those that went lately.
SELECT
    products.product_key,
    products.product_name,
    products.strength,
    products.form,
    gone.last_seen_date,
    gone.channels
FROM (
    SELECT
        availability.product_key,
        max(availability.last_seen_date) AS last_seen_date,
        min(channels.last_message_date - availability.last_seen_date) AS absent_days,
        array_agg(availability.channel_name ORDER BY availability.last_seen_date DESC, availability.channel_name ASC)
            AS channels
    FROM (
        SELECT DISTINCT product_key
        FROM marts.fct_product_availability
        WHERE
            last_seen_date <= %(newest_day)s::date - %(days)s
            AND last_seen_date > %(newest_day)s::date - %(days)s - %(patience_days)s
            AND channel_name ILIKE %(channel)s
    ) AS candidates
    INNER JOIN marts.fct_product_availability AS availability
        ON candidates.product_key = availability.product_key
    INNER JOIN marts.dim_channels AS channels ON availability.channel_key = channels.channel_key
    WHERE availability.channel_name ILIKE %(channel)s AND availability.last_seen_date IS NOT NULL
    GROUP BY availability.product_key
) AS gone
INNER JOIN marts.dim_products AS products ON gone.product_key = products.product_key
WHERE
    gone.absent_days BETWEEN %(days)s AND %(days)s + %(recent_days)s
    AND products.product_name ILIKE %(product)s
ORDER BY gone.last_seen_date DESC, products.product_name ASC, products.product_key ASC
LIMIT %(rows)s;
