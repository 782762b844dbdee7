-- Days, or weeks from Monday to Sunday, with messages; the newest first.
SELECT
    CASE WHEN %(weekly)s THEN date_trunc('week', full_date)::date ELSE full_date END AS period,
    sum(message_count)::bigint AS message_count,
    sum(total_views)::bigint AS total_views,
    sum(total_forwards)::bigint AS total_forwards,
    round(sum(original_views)::numeric / nullif(sum(viewed_post_count), 0), 2)::double precision
        AS avg_views_per_message,
    sum(original_post_count)::bigint AS original_post_count,
    sum(image_message_count)::bigint AS image_message_count,
    sum(repost_count)::bigint AS repost_count
FROM marts.rpt_channel_activity_daily
WHERE
    channel_key = md5(%(channel_name)s)
    AND full_date BETWEEN %(from_date)s AND %(to_date)s
GROUP BY period
ORDER BY period DESC;
