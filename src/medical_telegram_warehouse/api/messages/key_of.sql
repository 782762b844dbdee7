SELECT message_key FROM marts.fct_messages
WHERE channel_name = %(channel_name)s AND message_key = md5(%(channel_name)s || ':' || %(message_id)s::text);
