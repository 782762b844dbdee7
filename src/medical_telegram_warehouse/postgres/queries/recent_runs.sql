SELECT
    run_id,
    min(started_at) AS started_at,
    max(finished_at) AS finished_at,
    count(DISTINCT step) FILTER (WHERE status = 'success') AS succeeded,
    max(step) FILTER (WHERE status = 'failed') AS failed_step,
    (array_agg(details ->> 'error' ORDER BY finished_at DESC) FILTER (WHERE status = 'failed'))[1] AS error
FROM ops.step_runs
GROUP BY run_id
ORDER BY started_at DESC
LIMIT %(limit)s;
