SELECT example_name, offer_count, channel_count, priced_offer_count, median_price, last_seen_date
FROM marts.rpt_product_review
ORDER BY offer_count DESC, name_key
LIMIT %(limit)s;
