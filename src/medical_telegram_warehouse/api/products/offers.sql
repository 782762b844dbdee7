-- Offers of a product as they stand in messages, newest first.
SELECT
    offer_key,
    message_key,
    message_id,
    product_key,
    channel_name,
    offer_timestamp,
    name,
    strength,
    form,
    pack,
    price,
    currency,
    price_per_unit,
    expiry_date,
    seller,
    availability,
    is_repost,
    is_price_outlier,
    confidence,
    (extract(epoch FROM offer_timestamp) * 1000000)::bigint AS cursor_at,
    offer_key AS cursor_key
FROM marts.fct_offers
WHERE
    product_key = %(product_key)s
    AND (%(channel_name)s::text IS NULL OR channel_name = %(channel_name)s)
    AND (%(from_time)s::timestamptz IS NULL OR offer_timestamp >= %(from_time)s)
    AND (%(to_time)s::timestamptz IS NULL OR offer_timestamp < %(to_time)s)
    AND (
        %(after_at)s::bigint IS NULL
        OR (offer_timestamp, offer_key)
        < ('epoch'::timestamptz + %(after_at)s * interval '1 microsecond', %(after_key)s::text)
    )
ORDER BY offer_timestamp DESC, offer_key DESC
LIMIT %(rows)s;
