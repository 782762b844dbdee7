-- For each word that was asked for: the words that begin with it; and, where its parts are wanted or none begins with
-- it, the words that hold it. The shortest first, and one more than are taken.
WITH sought AS (
    SELECT
        word,
        are_parts_wanted
    FROM unnest(%(words)s::text[], %(are_parts_wanted)s::boolean[]) AS sought (word, are_parts_wanted)
),

begun AS (
    SELECT
        sought.word,
        sought.are_parts_wanted,
        ARRAY(
            SELECT known.word
            FROM marts.rpt_search_words AS known
            WHERE known.word COLLATE "C" >= sought.word AND known.word COLLATE "C" < sought.word || chr(1114111)
            ORDER BY known.word_length, known.word
            LIMIT %(most)s
        ) AS beginnings
    FROM sought
)

SELECT
    begun.word,
    begun.beginnings,
    CASE
        WHEN begun.are_parts_wanted OR begun.beginnings = '{}'
            THEN ARRAY(
                SELECT known.word
                FROM marts.rpt_search_words AS known
                WHERE known.word LIKE '%%' || begun.word || '%%'
                ORDER BY known.word_length, known.word
                LIMIT %(most)s
            )
        ELSE '{}'
    END AS parts
FROM begun;
