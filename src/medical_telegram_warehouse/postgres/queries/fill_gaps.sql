-- The newest observation of a message may know less than an older one: an export has no views, a preview no forwards.
-- What it does not know is taken from the newest observation that does. Whether it knows is asked of the observations,
-- not of the message, so the result does not depend on the order of loading. Replies and reactions are taken only where
-- views are unknown, too: elsewhere their absence says that there are none.
-- Runs for chunks that left a gap, or brought something older than what was there.
WITH touched AS MATERIALIZED (
    SELECT DISTINCT channel_name, message_id
    FROM incoming
    WHERE NOT is_deleted
),

known AS MATERIALIZED (
    SELECT
        stored.channel_name,
        stored.message_id,
        coalesce(own.views, counted.views) AS views,
        CASE WHEN own.views IS NULL THEN counted.views_exact ELSE stored.views_exact END AS views_exact,
        coalesce(own.replies, CASE WHEN own.views IS NULL THEN counted.replies END) AS replies,
        coalesce(own.reactions, CASE WHEN own.views IS NULL THEN counted.reactions END) AS reactions,
        coalesce(own.forwards, forwarded.forwards) AS forwards,
        coalesce(own.image_path, shown.image_path, stored.image_path) AS image_path
    FROM touched
    INNER JOIN raw.telegram_messages AS stored USING (channel_name, message_id)
    INNER JOIN raw.telegram_message_observations AS own USING (channel_name, message_id, observation_id)
    LEFT JOIN LATERAL (
        SELECT older.views, older.views_exact, older.replies, older.reactions
        FROM raw.telegram_message_observations AS older
        WHERE older.channel_name = touched.channel_name
            AND older.message_id = touched.message_id
            AND older.views IS NOT NULL
        ORDER BY older.observed_at DESC, older.observation_id DESC
        LIMIT 1
    ) AS counted ON true
    LEFT JOIN LATERAL (
        SELECT older.forwards
        FROM raw.telegram_message_observations AS older
        WHERE older.channel_name = touched.channel_name
            AND older.message_id = touched.message_id
            AND older.forwards IS NOT NULL
        ORDER BY older.observed_at DESC, older.observation_id DESC
        LIMIT 1
    ) AS forwarded ON true
    LEFT JOIN LATERAL (
        SELECT older.image_path
        FROM raw.telegram_message_observations AS older
        WHERE older.channel_name = touched.channel_name
            AND older.message_id = touched.message_id
            AND older.image_path IS NOT NULL
        ORDER BY older.observed_at DESC, older.observation_id DESC
        LIMIT 1
    ) AS shown ON stored.media_type = 'photo'
)

UPDATE raw.telegram_messages AS stored SET
    views = known.views,
    views_exact = known.views_exact,
    replies = known.replies,
    reactions = known.reactions,
    forwards = known.forwards,
    image_path = known.image_path,
    loaded_at = now()
FROM known
WHERE stored.channel_name = known.channel_name
    AND stored.message_id = known.message_id
    AND (stored.views, stored.views_exact, stored.replies, stored.reactions, stored.forwards, stored.image_path)
    IS DISTINCT FROM
    (known.views, known.views_exact, known.replies, known.reactions, known.forwards, known.image_path);
