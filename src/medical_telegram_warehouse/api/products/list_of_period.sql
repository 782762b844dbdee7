-- Products as a channel offers them, or as they were offered in a part of the history, or both. Counts are kept by
-- month. Medians cannot be put together from those of months, and are left to the whole history.
WITH by_channel AS (
    SELECT
        product_key,
        channel_name,
        sum(offer_count) AS offer_count,
        sum(distinct_offer_count) AS distinct_offer_count,
        sum(priced_offer_count) AS priced_offer_count,
        min(min_price) AS min_price,
        max(max_price) AS max_price,
        sum(total_views) AS total_views,
        sum(total_forwards) AS total_forwards,
        min(first_offered_date) AS first_offered_date,
        max(last_offered_date) AS last_offered_date
    FROM marts.rpt_product_activity_monthly
    WHERE
        (%(channel_name)s::text IS NULL OR channel_name = %(channel_name)s)
        AND (%(from_month)s::date IS NULL OR month_key >= to_char(%(from_month)s::date, 'YYYYMMDD')::integer)
        AND (%(to_month)s::date IS NULL OR month_key <= to_char(%(to_month)s::date, 'YYYYMMDD')::integer)
        AND (%(keys)s::text[] IS NULL OR product_key = ANY(%(keys)s::text[]))
    GROUP BY product_key, channel_name
),

counted AS (
    SELECT
        product_key,
        sum(offer_count)::bigint AS offer_count,
        sum(distinct_offer_count)::bigint AS distinct_offer_count,
        array_agg(channel_name ORDER BY channel_name) AS channels,
        sum(priced_offer_count)::bigint AS priced_offer_count,
        min(min_price) AS min_price,
        max(max_price) AS max_price,
        sum(total_views)::bigint AS total_views,
        sum(total_forwards)::bigint AS total_forwards,
        min(first_offered_date) AS first_offered_date,
        max(last_offered_date) AS last_offered_date
    FROM by_channel
    GROUP BY product_key
    HAVING sum(offer_count) >= %(min_offers)s
)

SELECT
    counted.product_key,
    products.product_name,
    products.product_class,
    products.strength,
    products.form,
    products.generic,
    counted.offer_count,
    counted.distinct_offer_count,
    cardinality(counted.channels) AS channel_count,
    counted.channels,
    counted.priced_offer_count,
    counted.min_price,
    NULL::numeric AS median_price,
    counted.max_price,
    NULL::numeric AS latest_price,
    counted.total_views,
    counted.total_forwards,
    counted.first_offered_date,
    counted.last_offered_date
FROM counted
INNER JOIN marts.rpt_top_products AS products ON counted.product_key = products.product_key
WHERE %(product_class)s::text IS NULL OR products.product_class = %(product_class)s
ORDER BY
    CASE %(sort)s
        WHEN 'distinct_offers' THEN counted.distinct_offer_count
        WHEN 'channels' THEN cardinality(counted.channels)
        WHEN 'views' THEN counted.total_views
        WHEN 'highest_price' THEN counted.max_price
        WHEN 'lowest_price' THEN -counted.min_price
        WHEN 'last_offered' THEN counted.last_offered_date - date '1970-01-01'
        WHEN 'offers' THEN counted.offer_count
    END DESC NULLS LAST,
    CASE WHEN %(sort)s = 'name' THEN products.product_name END ASC,
    counted.offer_count DESC,
    counted.product_key ASC
OFFSET %(offset)s
LIMIT %(rows)s;
