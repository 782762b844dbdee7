-- Steps whose last attempt failed. One that failed and then succeeded is no failure.
SELECT
    run_id,
    step,
    attempt,
    started_at,
    error
FROM (
    SELECT DISTINCT ON (run_id, step)
        run_id,
        step,
        attempt,
        status,
        started_at,
        details ->> 'error' AS error
    FROM ops.step_runs
    WHERE run_id = ANY(%(run_ids)s)
    ORDER BY run_id ASC, step ASC, attempt DESC
) AS last_attempts
WHERE status = 'failed'
ORDER BY run_id ASC, started_at ASC;
