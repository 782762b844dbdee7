SELECT
    offers.offer_index,
    offers.name,
    offers.product_key,
    offers.product_name,
    offers.strength,
    offers.form,
    offers.pack,
    offers.price,
    offers.currency,
    offers.expiry_date,
    offers.availability,
    offers.confidence,
    offers.is_price_outlier,
    offers.span_start,
    offers.span_end
FROM marts.fct_offers AS offers
WHERE offers.message_key = %(message_key)s
ORDER BY offers.offer_index;
