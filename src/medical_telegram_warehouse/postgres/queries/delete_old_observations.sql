-- The first and the newest observation of each message stay: what it said, and what it came to.
WITH numbered AS (
    SELECT
        channel_name,
        message_id,
        observation_id,
        row_number() OVER (message ORDER BY observed_at, observation_id) AS from_first,
        row_number() OVER (message ORDER BY observed_at DESC, observation_id DESC) AS from_newest
    FROM raw.telegram_message_observations
    WHERE observed_at < %(before)s
    WINDOW message AS (PARTITION BY channel_name, message_id)
),

newer AS (
    SELECT DISTINCT
        channel_name,
        message_id
    FROM raw.telegram_message_observations
    WHERE observed_at >= %(before)s
)

DELETE FROM raw.telegram_message_observations AS observations
USING numbered
LEFT JOIN newer ON numbered.channel_name = newer.channel_name AND numbered.message_id = newer.message_id
WHERE
    observations.channel_name = numbered.channel_name
    AND observations.message_id = numbered.message_id
    AND observations.observation_id = numbered.observation_id
    AND numbered.from_first > 1
    AND (numbered.from_newest > 1 OR newer.message_id IS NOT NULL);
