-- Products as a channel offers them, or as they were offered in a part of the history, or both. Counts are kept by
-- month. Medians cannot be put together from those of months, and are left to the whole history.
WITH counted AS (
    SELECT
        activity.product_key,
        sum(activity.offer_count)::bigint AS offer_count,
        sum(activity.distinct_offer_count)::bigint AS distinct_offer_count,
        array_agg(DISTINCT activity.channel_name ORDER BY activity.channel_name) AS channels,
        sum(activity.priced_offer_count)::bigint AS priced_offer_count,
        min(activity.min_price) AS min_price,
        max(activity.max_price) AS max_price,
        sum(activity.total_views)::bigint AS total_views,
        sum(activity.total_forwards)::bigint AS total_forwards,
        min(activity.first_offered_date) AS first_offered_date,
        max(activity.last_offered_date) AS last_offered_date
    FROM marts.rpt_product_activity_monthly AS activity
    WHERE
        (%(channel_name)s::text IS NULL OR activity.channel_name = %(channel_name)s)
        AND (%(from_month)s::date IS NULL OR activity.month_start_date >= %(from_month)s)
        AND (%(to_month)s::date IS NULL OR activity.month_start_date <= %(to_month)s)
        AND (%(keys)s::text[] IS NULL OR activity.product_key = ANY(%(keys)s::text[]))
    GROUP BY activity.product_key
    HAVING sum(activity.offer_count) >= %(min_offers)s
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
