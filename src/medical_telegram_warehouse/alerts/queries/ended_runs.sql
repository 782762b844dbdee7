-- More than a warehouse has between a failure and what makes good for it; bounded, because this is asked each minute.
SELECT
    run_id,
    job,
    status,
    started_at,
    finished_at,
    steps,
    error
FROM ops.runs
WHERE status <> 'started'
ORDER BY started_at DESC
LIMIT %(rows)s;
