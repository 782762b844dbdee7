-- What is running, and when everything was last done. A run of all steps counts, whatever job asked for it.
SELECT
    count(*) FILTER (WHERE status = 'started') AS active,
    min(started_at) FILTER (WHERE status = 'started') AS active_since,
    max(finished_at) FILTER (WHERE status = 'success' AND cardinality(steps) >= %(steps)s) AS succeeded_at
FROM ops.runs;
