-- The newest matches among the newest messages: a word that many hold is found there at once.
SELECT
    newest.message_key,
    newest.message_timestamp,
    CASE
        WHEN
            %(words)s::tsquery IS NOT NULL
            AND row_number() OVER (ORDER BY newest.message_timestamp DESC, newest.message_key DESC) <= %(ranked)s
            THEN ts_rank(newest.search_vector, %(words)s::tsquery, 1)
    END AS rank
FROM (
    SELECT
        message_key,
        message_timestamp,
        search_vector
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
    LIMIT %(window)s
) AS newest
WHERE %(query)s::tsquery IS NULL OR newest.search_vector @@ %(query)s::tsquery
ORDER BY newest.message_timestamp DESC, newest.message_key DESC
LIMIT %(rows)s;
