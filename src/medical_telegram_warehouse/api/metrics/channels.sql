-- The newest message of each channel, of those that posted last: a label for each of thousands would be too many.
SELECT
    channels.channel_name AS channel,
    newest.message_timestamp AS newest
FROM (
    SELECT
        channel_key,
        channel_name
    FROM marts.dim_channels
    WHERE last_message_date IS NOT NULL
    ORDER BY last_message_date DESC, channel_name ASC
    LIMIT %(channels)s
) AS channels
CROSS JOIN LATERAL (
    SELECT message_timestamp
    FROM marts.fct_messages
    WHERE channel_key = channels.channel_key
    ORDER BY message_timestamp DESC
    LIMIT 1
) AS newest
ORDER BY channels.channel_name;
