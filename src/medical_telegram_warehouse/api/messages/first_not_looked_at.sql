-- When the newest message was that was not looked at one by one; no row where all were.
SELECT message_timestamp
FROM marts.rpt_message_search
WHERE
    (%(channel_key)s::text IS NULL OR channel_key = %(channel_key)s)
    AND (%(from_time)s::timestamptz IS NULL OR message_timestamp >= %(from_time)s)
    AND (%(to_time)s::timestamptz IS NULL OR message_timestamp < %(to_time)s)
    AND (
        %(after_at)s::bigint IS NULL
        OR (message_timestamp, message_key)
        < ('epoch'::timestamptz + %(after_at)s * interval '1 microsecond', %(after_key)s::text)
    )
ORDER BY message_timestamp DESC, message_key DESC
OFFSET %(window)s
LIMIT 1;
