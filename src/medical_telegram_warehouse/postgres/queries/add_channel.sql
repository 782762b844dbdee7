INSERT INTO raw.telegram_channels (
    channel_name, observed_at, title, description, subscribers, source, telegram_id, username, telegram_type,
    is_verified, is_scam, is_fake
)
VALUES (
    %(channel_name)s, %(observed_at)s, %(title)s, %(description)s, %(subscribers)s, %(source)s, %(telegram_id)s,
    %(username)s, %(telegram_type)s, %(is_verified)s, %(is_scam)s, %(is_fake)s
)
ON CONFLICT DO NOTHING;
