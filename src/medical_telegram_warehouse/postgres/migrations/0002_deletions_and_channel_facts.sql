-- What newer lakes tell besides: where a forwarded copy came from, what is pinned or was deleted, what kind of channel
-- it is. Rows loaded before know nothing of it, and none of them was a deletion.

-- Of a message that was found gone, everything else stays as it was last seen.
ALTER TABLE raw.telegram_messages
ADD COLUMN deleted_at timestamptz,
ADD COLUMN forwarded_from_id bigint,
ADD COLUMN forwarded_from_message_id bigint,
ADD COLUMN is_pinned boolean,
ADD COLUMN views_exact boolean;

-- `views_exact` and `image_path` are here for messages whose newest observation does not know them.
ALTER TABLE raw.telegram_message_observations
ADD COLUMN is_deleted boolean NOT NULL DEFAULT false,
ADD COLUMN views_exact boolean,
ADD COLUMN image_path text;

-- Deletions are few. Each load asks for those of its messages, and finds them here without reading the history.
CREATE INDEX telegram_message_observations_deletions
ON raw.telegram_message_observations (channel_name, message_id) WHERE is_deleted;

ALTER TABLE raw.telegram_channels
ADD COLUMN telegram_id bigint,
ADD COLUMN username text,
ADD COLUMN telegram_type text,
ADD COLUMN is_verified boolean,
ADD COLUMN is_scam boolean,
ADD COLUMN is_fake boolean;
