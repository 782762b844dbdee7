SELECT
    messages.*,
    CASE
        WHEN messages.source <> 'sample' AND channels.username IS NOT NULL
            THEN 'https://t.me/' || channels.username || '/' || messages.message_id
    END AS source_url
FROM marts.fct_messages AS messages
INNER JOIN marts.dim_channels AS channels ON messages.channel_key = channels.channel_key
WHERE messages.message_key = %(message_key)s;
