INSERT INTO raw.telegram_channels (channel_name, observed_at, title, description, subscribers, source)
VALUES (%(channel_name)s, %(observed_at)s, %(title)s, %(description)s, %(subscribers)s, %(source)s)
ON CONFLICT DO NOTHING;
