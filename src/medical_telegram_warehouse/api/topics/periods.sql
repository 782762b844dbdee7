-- Days, or the weeks of one channel: a row per channel and day is what is read.
SELECT
    topic,
    CASE WHEN %(interval)s = 'week' THEN date_trunc('week', full_date::timestamp)::date ELSE full_date END AS period,
    sum(message_count)::bigint AS message_count,
    sum(distinct_message_count)::bigint AS distinct_message_count,
    sum(original_post_count)::bigint AS original_post_count,
    CASE WHEN %(interval)s = 'week' THEN 1 ELSE count(*) END AS channel_count,
    sum(original_views)::bigint AS original_views
FROM marts.rpt_topic_activity_daily
WHERE
    (%(topic)s::text IS NULL OR topic = %(topic)s)
    AND (%(channel_name)s::text IS NULL OR channel_key = md5(%(channel_name)s))
    AND (%(from_date)s::date IS NULL OR full_date >= %(from_date)s)
    AND (%(to_date)s::date IS NULL OR full_date <= %(to_date)s)
GROUP BY topic, period
ORDER BY
    CASE WHEN %(sort)s = 'messages' THEN sum(message_count) END DESC,
    period DESC,
    topic ASC
OFFSET %(offset)s
LIMIT %(rows)s;
