-- Products over the whole history.
SELECT
    product_key,
    product_name,
    product_class,
    strength,
    form,
    generic,
    offer_count,
    distinct_offer_count,
    channel_count,
    channels,
    priced_offer_count,
    min_price,
    median_price,
    max_price,
    latest_price,
    total_views,
    total_forwards,
    first_offered_date,
    last_offered_date
FROM marts.rpt_top_products
WHERE
    offer_count >= %(min_offers)s
    AND (%(product_class)s::text IS NULL OR product_class = %(product_class)s)
    AND (%(keys)s::text[] IS NULL OR product_key = ANY(%(keys)s::text[]))
ORDER BY
    CASE %(sort)s
        WHEN 'distinct_offers' THEN distinct_offer_count
        WHEN 'channels' THEN channel_count
        WHEN 'views' THEN total_views
        WHEN 'highest_price' THEN max_price
        WHEN 'lowest_price' THEN -min_price
        WHEN 'last_offered' THEN last_offered_date - date '1970-01-01'
        WHEN 'offers' THEN offer_count
    END DESC NULLS LAST,
    CASE WHEN %(sort)s = 'name' THEN product_name END ASC,
    offer_count DESC,
    product_key ASC
OFFSET %(offset)s
LIMIT %(rows)s;
