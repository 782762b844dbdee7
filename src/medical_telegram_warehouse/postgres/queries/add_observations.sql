-- Every distinct observation of a chunk is kept, deletions included.
INSERT INTO raw.telegram_message_observations (
    channel_name, message_id, observation_id, observed_at, views, forwards, replies, reactions, edit_date,
    text_hash, is_deleted, views_exact, image_path, file_id, file_position
)
SELECT
    channel_name, message_id, observation_id, observed_at, views, forwards, replies, reactions, edit_date,
    text_hash, is_deleted, views_exact, image_path, file_id, file_position
FROM incoming
ON CONFLICT DO NOTHING;
