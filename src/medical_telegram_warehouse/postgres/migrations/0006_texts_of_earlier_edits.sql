-- Messages that were edited before texts were kept: the newest text of each is one of its versions. The texts before it
-- come from the lakes, which 0004 has read again.
INSERT INTO raw.telegram_message_texts (channel_name, message_id, text_hash, message_text)
SELECT channel_name, message_id, md5(message_text)::uuid, message_text
FROM raw.telegram_messages
INNER JOIN (
    SELECT channel_name, message_id
    FROM raw.telegram_message_observations
    WHERE NOT is_deleted
    GROUP BY channel_name, message_id
    HAVING count(DISTINCT text_hash) > 1
) AS edited USING (channel_name, message_id)
ON CONFLICT DO NOTHING;
