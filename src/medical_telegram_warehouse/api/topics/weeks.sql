-- Weeks over all channels, as the warehouse keeps them.
SELECT
    topic,
    week_start_date AS period,
    message_count,
    distinct_message_count,
    original_post_count,
    channel_count,
    original_views
FROM marts.rpt_topic_activity_weekly
WHERE
    (%(topic)s::text IS NULL OR topic = %(topic)s)
    AND (%(from_date)s::date IS NULL OR week_start_date >= %(from_date)s)
    AND (%(to_date)s::date IS NULL OR week_start_date <= %(to_date)s)
ORDER BY
    CASE WHEN %(sort)s = 'messages' THEN message_count END DESC,
    week_start_date DESC,
    topic ASC
OFFSET %(offset)s
LIMIT %(rows)s;
