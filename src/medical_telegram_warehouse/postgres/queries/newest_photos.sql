-- By what was loaded of late, which an index tells: messages are not sorted by their date.
SELECT
    channel_name,
    message_id,
    image_path
FROM raw.telegram_messages
WHERE
    image_path IS NOT NULL
    AND message_date >= %(since)s
    AND (channel_name, message_id) IN (
        SELECT
            channel_name,
            message_id
        FROM raw.telegram_message_observations
        WHERE loaded_at >= %(since)s
    )
ORDER BY message_date DESC, channel_name, message_id
LIMIT %(limit)s;
