SELECT
    day_of_week,
    day_name,
    hour_of_day,
    message_count,
    original_post_count,
    avg_views
FROM marts.rpt_posting_heatmap
WHERE channel_key = md5(%(channel_name)s)
ORDER BY day_of_week, hour_of_day;
