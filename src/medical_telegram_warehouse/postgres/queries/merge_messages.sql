-- Merges a chunk into the newest state of each message. Observations of one moment are told apart by their id, so the
-- result does not depend on the order of loading. A deletion knows nothing of its message and must not replace what is
-- known: apply_deletions marks it. What the newest observation does not know is left to fill_gaps.
WITH merged_messages AS (
    INSERT INTO raw.telegram_messages AS stored (
        channel_name, message_id, message_date, message_text, has_media, image_path, media_type, views, forwards,
        replies, reactions, edit_date, reply_to_message_id, grouped_id, forwarded_from, forwarded_from_id,
        forwarded_from_message_id, post_author, source, is_pinned, views_exact, observed_at, observation_id, repairs,
        record, file_id, file_position
    )
    SELECT
        channel_name, message_id, message_date, message_text, has_media, image_path, media_type, views, forwards,
        replies, reactions, edit_date, reply_to_message_id, grouped_id, forwarded_from, forwarded_from_id,
        forwarded_from_message_id, post_author, source, is_pinned, views_exact, observed_at, observation_id, repairs,
        record, file_id, file_position
    FROM (
        -- Most chunks hold no message twice, and sorting them would take a sixth of the time.
        SELECT * FROM incoming WHERE %(observations)s::integer = %(messages)s::integer AND NOT is_deleted
        UNION ALL
        (
            SELECT DISTINCT ON (channel_name, message_id) *
            FROM incoming
            WHERE %(observations)s::integer > %(messages)s::integer AND NOT is_deleted
            ORDER BY channel_name, message_id, observed_at DESC, observation_id DESC
        )
    ) AS newest
    ON CONFLICT (channel_name, message_id) DO UPDATE SET
        message_date = EXCLUDED.message_date,
        message_text = EXCLUDED.message_text,
        has_media = EXCLUDED.has_media,
        image_path = EXCLUDED.image_path,
        media_type = EXCLUDED.media_type,
        views = EXCLUDED.views,
        forwards = EXCLUDED.forwards,
        replies = EXCLUDED.replies,
        reactions = EXCLUDED.reactions,
        edit_date = EXCLUDED.edit_date,
        reply_to_message_id = EXCLUDED.reply_to_message_id,
        grouped_id = EXCLUDED.grouped_id,
        forwarded_from = EXCLUDED.forwarded_from,
        forwarded_from_id = EXCLUDED.forwarded_from_id,
        forwarded_from_message_id = EXCLUDED.forwarded_from_message_id,
        post_author = EXCLUDED.post_author,
        source = EXCLUDED.source,
        is_pinned = EXCLUDED.is_pinned,
        views_exact = EXCLUDED.views_exact,
        observed_at = EXCLUDED.observed_at,
        observation_id = EXCLUDED.observation_id,
        repairs = EXCLUDED.repairs,
        record = EXCLUDED.record,
        file_id = EXCLUDED.file_id,
        file_position = EXCLUDED.file_position,
        loaded_at = now()
    WHERE (EXCLUDED.observed_at, EXCLUDED.observation_id) > (stored.observed_at, stored.observation_id)
    RETURNING
        xmax = 0 AS is_new, -- xmax is 0 on a row that was inserted, not updated
        views IS NULL OR forwards IS NULL OR (media_type = 'photo' AND image_path IS NULL) AS has_gap
),

merged AS (
    SELECT
        count(*) FILTER (WHERE is_new) AS new_messages,
        count(*) FILTER (WHERE NOT is_new) AS updated_messages,
        coalesce(bool_or(has_gap), false) AS has_gap,
        coalesce(bool_or(has_gap AND NOT is_new), false) AS has_gap_of_known_message
    FROM merged_messages
)

-- Whether anything is left for fill_gaps: a state that does not know all, of a message that was also seen otherwise, or
-- an observation that is not the newest. A message that is seen for the first time has nothing to be filled from.
SELECT
    merged.new_messages,
    merged.updated_messages,
    merged.has_gap_of_known_message
    OR (merged.has_gap AND %(observations)s::integer > %(messages)s::integer)
    OR merged.new_messages + merged.updated_messages < %(messages)s::integer AS has_gaps
FROM merged;
