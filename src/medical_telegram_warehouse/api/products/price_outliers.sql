SELECT
    offer_key,
    message_key,
    product_key,
    product_name,
    strength,
    form,
    name,
    channel_name,
    full_date,
    price,
    currency,
    median_price,
    ratio
FROM marts.rpt_price_outliers
WHERE
    (%(channel_name)s::text IS NULL OR channel_name = %(channel_name)s)
    AND (%(product_class)s::text IS NULL OR product_class = %(product_class)s)
    AND (%(from_date)s::date IS NULL OR full_date >= %(from_date)s)
    AND (%(to_date)s::date IS NULL OR full_date <= %(to_date)s)
ORDER BY full_date DESC, offer_key ASC
OFFSET %(offset)s
LIMIT %(rows)s;
