-- Key figures of some days and of as many before them, counted back from the newest message's day.
WITH last AS (
    SELECT max(full_date) AS last_date
    FROM marts.rpt_channel_activity_daily
    WHERE full_date <= %(today)s
),

-- The days' keys are made once, and not for each price.
newest AS MATERIALIZED (
    SELECT
        last_date,
        to_char(last_date, 'YYYYMMDD')::integer AS last_key,
        to_char(last_date - %(days)s, 'YYYYMMDD')::integer AS before_key,
        to_char(last_date - 2 * %(days)s, 'YYYYMMDD')::integer AS before_all_key
    FROM last
),

posts AS (
    SELECT
        daily.full_date > newest.last_date - %(days)s AS is_now,
        sum(daily.message_count)::bigint AS message_count,
        sum(daily.original_post_count)::bigint AS original_post_count,
        sum(daily.original_views)::double precision / nullif(sum(daily.viewed_post_count), 0)::double precision AS avg_views,
        count(DISTINCT daily.channel_key) AS channel_count,
        sum(daily.image_message_count)::bigint AS photo_count
    FROM newest
    INNER JOIN marts.rpt_channel_activity_daily AS daily
        ON daily.full_date > newest.last_date - 2 * %(days)s AND daily.full_date <= newest.last_date
    GROUP BY is_now
),

-- Grouped before they are counted: DISTINCT would sort all keys as text.
offered AS (
    SELECT
        recent.product_key,
        recent.date_key > newest.before_key AS is_now,
        sum(recent.offer_count) AS offer_count
    FROM newest
    INNER JOIN marts.fct_product_prices AS recent
        ON recent.date_key > newest.before_all_key AND recent.date_key <= newest.last_key
    GROUP BY recent.product_key, is_now
),

prices AS (
    SELECT
        is_now,
        sum(offer_count)::bigint AS offer_count,
        count(*) AS product_count
    FROM offered
    GROUP BY is_now
)

SELECT
    newest.last_date,
    posts.is_now,
    posts.message_count,
    posts.original_post_count,
    posts.avg_views,
    posts.channel_count,
    posts.photo_count,
    coalesce(prices.offer_count, 0) AS offer_count,
    coalesce(prices.product_count, 0) AS product_count,
    (
        SELECT max(message_timestamp)
        FROM marts.rpt_message_search
        WHERE message_timestamp < %(tomorrow)s
    ) AS newest_message_at
FROM newest
LEFT JOIN posts ON true
LEFT JOIN prices ON posts.is_now = prices.is_now
ORDER BY posts.is_now DESC;
