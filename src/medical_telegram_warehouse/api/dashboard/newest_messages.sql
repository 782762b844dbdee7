-- The newest messages of a channel.
SELECT
    message_key,
    channel_name,
    message_timestamp,
    message_text,
    genre,
    views,
    has_image
FROM marts.fct_messages
WHERE channel_key = md5(%(channel_name)s)
ORDER BY message_timestamp DESC, message_key DESC
LIMIT %(rows)s;
