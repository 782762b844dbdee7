SELECT
    channel_name,
    week_start_date,
    message_count,
    original_post_count,
    avg_views,
    median_views,
    forwards_per_thousand_views,
    image_share
FROM marts.rpt_channel_activity_weekly
WHERE
    (%(channels)s::text[] IS NULL OR channel_name = ANY(%(channels)s::text[]))
    AND (%(from_date)s::date IS NULL OR week_start_date >= %(from_date)s)
    AND (%(to_date)s::date IS NULL OR week_start_date <= %(to_date)s)
ORDER BY week_start_date DESC, channel_name ASC
OFFSET %(offset)s
LIMIT %(rows)s;
