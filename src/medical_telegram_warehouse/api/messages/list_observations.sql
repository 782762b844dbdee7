SELECT
    observed_at,
    hours_since_post,
    views,
    forwards,
    replies,
    reaction_count,
    views_gained,
    observation_number AS cursor_number
FROM marts.fct_message_engagement
WHERE
    message_key = %(message_key)s
    AND (%(from_time)s::timestamptz IS NULL OR observed_at >= %(from_time)s)
    AND (%(to_time)s::timestamptz IS NULL OR observed_at < %(to_time)s)
    AND (%(after_number)s::integer IS NULL OR observation_number < %(after_number)s)
ORDER BY observation_number DESC
LIMIT %(rows)s;
