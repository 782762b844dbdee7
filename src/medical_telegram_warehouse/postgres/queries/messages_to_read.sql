-- Messages that this version of the extractor has not read as they are now: the text, and what entities strike out.
-- What was loaded before `since` is known to it; a kill in between leaves some that are skipped by their hash.
WITH loaded AS (
    SELECT
        channel_name,
        message_id,
        message_text,
        CASE WHEN record @? 'strict $.entities[*] ? (@.type like_regex "^strike")' THEN record -> 'entities' END AS entities
    FROM raw.telegram_messages
    WHERE loaded_at >= %(since)s
),

hashed AS (
    SELECT *, md5(message_text || coalesce(entities::text, ''))::uuid AS text_hash FROM loaded
)

SELECT
    hashed.channel_name,
    hashed.message_id,
    hashed.message_text,
    -- Of what somebody's scraper wrote, only that which the readers need: an offset of thirty digits could not be sent to
    -- them, and stopped each extraction. Some write whole numbers as fractions: 10.0 is a place, 10.5 is none.
    (
        SELECT
            jsonb_agg(
                jsonb_build_object(
                    'type', 'strike',
                    'offset', (entity -> 'offset')::bigint,
                    'length', (entity -> 'length')::bigint
                )
            )
        FROM
            jsonb_path_query(
                hashed.entities,
                'strict $[*] ? (
                    @.type like_regex "^strike" && @.offset >= 0 && @.offset < 2147483648
                    && @.length > 0 && @.length < 2147483648
                    && @.offset == @.offset.floor() && @.length == @.length.floor()
                )',
                '{}',
                true
            ) AS entity
    ) AS entities,
    hashed.text_hash
FROM hashed
LEFT JOIN raw.message_genres AS genres
    ON
        hashed.channel_name = genres.channel_name
        AND hashed.message_id = genres.message_id
        AND hashed.text_hash = genres.text_hash
        AND genres.extractor_version = %(version)s
WHERE genres.message_id IS NULL;
