-- For each word that was asked for: whether any word begins with it; and, where its parts are wanted or none begins with
-- it, the words that hold it, the shortest first.
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
        EXISTS (
            SELECT
            FROM marts.rpt_search_words AS known
            WHERE known.word COLLATE "C" >= sought.word AND known.word COLLATE "C" < sought.word || chr(1114111)
        ) AS begins_words
    FROM sought
)

SELECT
    begun.word,
    begun.begins_words,
    CASE
        WHEN begun.are_parts_wanted OR NOT begun.begins_words
            THEN ARRAY(
                SELECT known.word
                FROM marts.rpt_search_words AS known
                WHERE known.word LIKE '%%' || begun.word || '%%'
                ORDER BY known.word_length, known.word
                LIMIT 100
            )
        ELSE '{}'
    END AS parts
FROM begun;
