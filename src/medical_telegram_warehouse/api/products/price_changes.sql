SELECT
    product_key,
    product_name,
    product_class,
    strength,
    form,
    channel_name,
    full_date,
    currency,
    price,
    previous_price,
    previous_date,
    change_amount,
    change_ratio,
    latest_message_key,
    previous_message_key
FROM marts.rpt_price_changes
WHERE
    (%(channel_name)s::text IS NULL OR channel_name = %(channel_name)s)
    AND (%(product_class)s::text IS NULL OR product_class = %(product_class)s)
    AND (%(from_date)s::date IS NULL OR full_date >= %(from_date)s)
    AND (%(to_date)s::date IS NULL OR full_date <= %(to_date)s)
    AND CASE %(direction)s WHEN 'up' THEN change_ratio > 0 WHEN 'down' THEN change_ratio < 0 ELSE true END
    AND abs(change_ratio) >= %(min_change)s
ORDER BY
    CASE WHEN %(sort)s = 'size' THEN abs(change_ratio) END DESC,
    full_date DESC,
    product_key ASC,
    channel_name ASC,
    currency ASC
OFFSET %(offset)s
LIMIT %(rows)s;
