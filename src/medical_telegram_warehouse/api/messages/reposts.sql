SELECT
    others.message_key,
    others.channel_name,
    others.message_id,
    others.message_timestamp,
    others.views
FROM marts.fct_messages AS messages
INNER JOIN marts.fct_messages AS others ON messages.repost_cluster = others.repost_cluster
WHERE messages.message_key = %(message_key)s AND others.message_key <> messages.message_key
ORDER BY others.message_timestamp, others.channel_name, others.message_id
LIMIT 50;
