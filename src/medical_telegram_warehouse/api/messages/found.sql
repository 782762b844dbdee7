-- What is shown of messages that were found, in the order in which they were.
SELECT
    messages.message_key,
    messages.message_id,
    messages.channel_name,
    messages.message_timestamp,
    messages.message_text,
    messages.views,
    messages.forwards,
    messages.has_image,
    texts.has_price,
    messages.genre,
    messages.offer_count,
    messages.is_forward,
    messages.is_original_post,
    messages.is_repost,
    messages.is_deleted,
    (extract(epoch FROM messages.message_timestamp) * 1000000)::bigint AS cursor_at,
    messages.message_key AS cursor_key
FROM unnest(%(keys)s::text[]) WITH ORDINALITY AS shown (message_key, place)
INNER JOIN marts.fct_messages AS messages ON shown.message_key = messages.message_key
INNER JOIN marts.rpt_message_search AS texts ON shown.message_key = texts.message_key
ORDER BY shown.place;
