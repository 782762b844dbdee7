-- Before a chunk is merged: what it will replace. Of an edited message every text is kept, whichever came first; of one
-- whose date was corrected, the former date, because that day must be counted anew.
-- Most chunks hold no message twice and nothing edited, and are not sorted to find that out: `observations` are their
-- rows that are no deletions, `messages` those without repetitions.
-- OFFSET 0 keeps one lookup for each incoming row. A join would be planned as reading all that is stored until there is
-- far more of it than a chunk: of a first load of 100,000 messages it took a fifth of the time.
WITH replaced AS MATERIALIZED (
    SELECT
        channel_name,
        message_id,
        min(stored.message_text) AS message_text,
        min(stored.message_date) AS message_date,
        bool_or(incoming.message_text <> stored.message_text) AS has_other_text,
        bool_or(incoming.message_date <> stored.message_date) AS has_other_date
    FROM incoming
    CROSS JOIN LATERAL (
        SELECT message_text, message_date
        FROM raw.telegram_messages
        WHERE telegram_messages.channel_name = incoming.channel_name
            AND telegram_messages.message_id = incoming.message_id
        OFFSET 0
    ) AS stored
    WHERE NOT incoming.is_deleted
        AND (incoming.message_text <> stored.message_text OR incoming.message_date <> stored.message_date)
    GROUP BY channel_name, message_id
),

edited AS MATERIALIZED (
    SELECT channel_name, message_id FROM replaced WHERE has_other_text
    UNION
    SELECT channel_name, message_id FROM incoming
    WHERE %(observations)s::integer > %(messages)s::integer AND NOT is_deleted
    GROUP BY channel_name, message_id
    HAVING count(*) > 1 AND count(DISTINCT text_hash) > 1
),

kept_texts AS (
    INSERT INTO raw.telegram_message_texts (channel_name, message_id, text_hash, message_text)
    SELECT channel_name, message_id, md5(message_text)::uuid, message_text FROM replaced WHERE has_other_text
    UNION
    SELECT channel_name, message_id, incoming.text_hash, incoming.message_text
    FROM incoming
    INNER JOIN edited USING (channel_name, message_id)
    WHERE EXISTS (SELECT FROM edited) AND NOT incoming.is_deleted
    ON CONFLICT DO NOTHING
)

INSERT INTO ops.moved_messages (channel_name, message_id, former_date)
SELECT channel_name, message_id, message_date
FROM replaced
WHERE has_other_date
ON CONFLICT (channel_name, message_id, former_date) DO UPDATE SET moved_at = now();
