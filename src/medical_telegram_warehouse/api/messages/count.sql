-- Matches by the index of words, counted up to a limit: nobody reads the ten thousandth.
SELECT count(*) AS total
FROM (
    SELECT
    FROM marts.rpt_message_search
    WHERE
        search_vector @@ %(query)s::tsquery
        AND (%(from_time)s::timestamptz IS NULL OR message_timestamp >= %(from_time)s)
        AND (%(to_time)s::timestamptz IS NULL OR message_timestamp < %(to_time)s)
    LIMIT %(rows)s
) AS counted;
