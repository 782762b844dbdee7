-- The best first: how often and how near to each other the words stand, in how short a text; a match of two years ago is
-- worth a third of one of today.
SELECT message_key
FROM marts.rpt_message_search
WHERE message_key = ANY(%(keys)s::text[])
ORDER BY
    ts_rank_cd(search_vector, %(words)s::tsquery, 1)
    * exp(-extract(epoch FROM %(newest)s::timestamptz - message_timestamp) / (2 * 365 * 86400)) DESC,
    message_timestamp DESC,
    message_key DESC;
