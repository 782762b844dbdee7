-- Moments up to which something was read, and which are still to come: the server's clock was set back. What is written
-- from now on would bear earlier times, and never be read. Returns the latest of them; null where all is as it should be.
WITH models AS (
    UPDATE ops.model_builds
    SET
        read_up_to = now(),
        read_before = least(read_before, now())
    WHERE read_up_to > now()
),

extraction AS (
    UPDATE ops.offer_extraction
    SET read_up_to = now()
    WHERE read_up_to > now()
)

SELECT max(read.read_up_to) FILTER (WHERE read.read_up_to > now()) AS latest
FROM (
    SELECT read_up_to FROM ops.model_builds
    UNION ALL
    SELECT read_up_to FROM ops.offer_extraction
) AS read;
