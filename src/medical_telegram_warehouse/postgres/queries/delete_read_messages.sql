-- What an earlier reading made of these messages.
WITH keys AS (
    SELECT channel_name, message_id FROM unnest(%(channels)s::text [], %(ids)s::bigint []) AS given (channel_name, message_id)
),

offers AS (
    DELETE FROM raw.message_offers AS stored USING keys
    WHERE stored.channel_name = keys.channel_name AND stored.message_id = keys.message_id
)

DELETE FROM raw.message_genres AS stored USING keys
WHERE stored.channel_name = keys.channel_name AND stored.message_id = keys.message_id;
