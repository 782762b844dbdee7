-- The newest runs. Of one that is still going on, or was killed, its steps may tell nothing.
SELECT
    runs.run_id,
    runs.job,
    runs.launched_by,
    runs.status,
    runs.started_at,
    runs.finished_at,
    cardinality(runs.steps) AS asked,
    steps.succeeded,
    steps.retries,
    runs.error
FROM ops.runs
CROSS JOIN LATERAL (
    SELECT
        count(DISTINCT step) FILTER (WHERE status = 'success') AS succeeded,
        count(*) FILTER (WHERE attempt > 1) AS retries
    FROM ops.step_runs
    WHERE step_runs.run_id = runs.run_id
) AS steps
ORDER BY runs.started_at DESC
LIMIT %(limit)s;
