-- The newest of all matches, by the index of words: what was not found among the newest messages is rare. Texts are read
-- of those alone that are taken.
WITH found AS MATERIALIZED (
    SELECT
        message_key,
        message_timestamp
    FROM marts.rpt_message_search
    WHERE
        search_vector @@ %(query)s::tsquery
        AND (%(from_time)s::timestamptz IS NULL OR message_timestamp >= %(from_time)s)
        AND (%(to_time)s::timestamptz IS NULL OR message_timestamp < %(to_time)s)
),

newest AS (
    SELECT
        message_key,
        message_timestamp,
        row_number() OVER (ORDER BY message_timestamp DESC, message_key DESC) AS place
    FROM found
    WHERE
        %(after_at)s::bigint IS NULL
        OR (message_timestamp, message_key)
        < ('epoch'::timestamptz + %(after_at)s * interval '1 microsecond', %(after_key)s::text)
    ORDER BY message_timestamp DESC, message_key DESC
    LIMIT %(rows)s
)

SELECT
    newest.message_key,
    newest.message_timestamp,
    CASE
        WHEN %(words)s::tsquery IS NOT NULL AND newest.place <= %(ranked)s
            THEN (
                SELECT ts_rank(texts.search_vector, %(words)s::tsquery, 1)
                FROM marts.rpt_message_search AS texts
                WHERE texts.message_key = newest.message_key
            )
    END AS rank
FROM newest
ORDER BY newest.place;
