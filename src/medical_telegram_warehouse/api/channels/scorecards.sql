SELECT
    channel_name,
    title,
    channel_type,
    is_sample,
    day_count,
    message_count,
    original_post_count,
    posts_per_week,
    image_share,
    repost_share,
    forward_share,
    avg_views,
    median_views,
    forwards_per_thousand_views,
    avg_views_with_image,
    avg_views_without_image,
    subscribers,
    subscribers_gained_30_days,
    last_message_date,
    silent_days,
    longest_rest_days,
    is_silent
FROM marts.rpt_channel_scorecard
WHERE %(channels)s::text[] IS NULL OR channel_name = ANY(%(channels)s::text[])
ORDER BY message_count DESC, channel_name ASC;
