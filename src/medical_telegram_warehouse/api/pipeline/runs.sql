-- The newest runs with their steps. A run is what was written under one number.
WITH runs AS (
    SELECT
        run_id,
        min(started_at) AS started_at,
        max(finished_at) AS finished_at,
        array_agg(DISTINCT step) FILTER (WHERE status = 'success') AS succeeded,
        array_agg(DISTINCT step) FILTER (WHERE status = 'failed') AS failed
    FROM ops.step_runs
    GROUP BY run_id
    HAVING
        (%(from_time)s::timestamptz IS NULL OR min(started_at) >= %(from_time)s)
        AND (%(to_time)s::timestamptz IS NULL OR min(started_at) < %(to_time)s)
    ORDER BY started_at DESC, run_id DESC
    OFFSET %(offset)s
    LIMIT %(rows)s
)

SELECT
    runs.run_id,
    runs.started_at,
    runs.finished_at,
    coalesce(runs.succeeded, '{}') AS succeeded,
    coalesce(runs.failed, '{}') AS failed,
    steps.step,
    steps.attempt,
    steps.status,
    steps.started_at AS step_started_at,
    steps.finished_at AS step_finished_at,
    steps.new_rows,
    steps.details ->> 'headline' AS headline,
    steps.details ->> 'error' AS error
FROM runs
INNER JOIN ops.step_runs AS steps ON runs.run_id = steps.run_id
ORDER BY runs.started_at DESC, runs.run_id DESC, steps.started_at ASC, steps.attempt ASC;
