WITH newest AS (
    SELECT
        observation_number,
        observed_at,
        hours_since_post,
        views,
        forwards,
        replies,
        reaction_count,
        views_gained
    FROM marts.fct_message_engagement
    WHERE message_key = %(message_key)s
    ORDER BY observation_number DESC
    LIMIT 200
)

SELECT *
FROM newest
ORDER BY observation_number;
