-- Matches, counted up to a limit: nobody reads the ten thousandth, and counting all would cost more than finding.
SELECT count(*) AS total
FROM (
    SELECT
    FROM marts.rpt_message_search
    WHERE
        (%(query)s::tsquery IS NULL OR search_vector @@ %(query)s::tsquery)
        AND (%(channel_key)s::text IS NULL OR channel_key = %(channel_key)s)
        AND (%(from_time)s::timestamptz IS NULL OR message_timestamp >= %(from_time)s)
        AND (%(to_time)s::timestamptz IS NULL OR message_timestamp < %(to_time)s)
    LIMIT %(most)s
) AS counted;
