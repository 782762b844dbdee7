SELECT
    channel_name,
    title,
    username,
    channel_type,
    telegram_type,
    is_verified,
    is_scam,
    is_sample,
    first_message_date,
    last_message_date,
    total_messages,
    avg_views,
    subscribers
FROM marts.dim_channels
WHERE
    (%(channel_name)s::text IS NULL OR channel_name = %(channel_name)s)
    AND (%(channel_type)s::text IS NULL OR channel_type = %(channel_type)s)
    AND (%(from_date)s::date IS NULL OR last_message_date >= %(from_date)s)
    AND (%(to_date)s::date IS NULL OR first_message_date <= %(to_date)s)
ORDER BY
    CASE %(sort)s
        WHEN 'messages' THEN total_messages
        WHEN 'views' THEN avg_views
        WHEN 'subscribers' THEN subscribers
        WHEN 'last_message' THEN last_message_date - date '1970-01-01'
    END DESC NULLS LAST,
    channel_name ASC
OFFSET %(offset)s
LIMIT %(rows)s;
