-- The newest runs with their steps. A run is what stands in ops.runs, also while it has no step yet, or never had one;
-- and what was written under one number without having been noted there.
WITH begun AS (
    SELECT
        run_id,
        job,
        launched_by,
        status,
        started_at,
        finished_at,
        error
    FROM ops.runs
    UNION ALL
    SELECT
        steps.run_id,
        NULL AS job,
        NULL AS launched_by,
        NULL AS status,
        min(steps.started_at) AS started_at,
        max(steps.finished_at) AS finished_at,
        NULL AS error
    FROM ops.step_runs AS steps
    WHERE NOT EXISTS (
        SELECT
        FROM ops.runs
        WHERE runs.run_id = steps.run_id
    )
    GROUP BY steps.run_id
),

runs AS (
    SELECT *
    FROM begun
    WHERE
        (%(from_time)s::timestamptz IS NULL OR started_at >= %(from_time)s)
        AND (%(to_time)s::timestamptz IS NULL OR started_at < %(to_time)s)
    ORDER BY started_at DESC, run_id DESC
    OFFSET %(offset)s
    LIMIT %(rows)s
)

SELECT
    runs.run_id,
    runs.job,
    runs.launched_by,
    runs.status AS noted_status,
    runs.started_at,
    runs.finished_at,
    extract(EPOCH FROM coalesce(runs.finished_at, now()) - runs.started_at)::double precision AS seconds,
    runs.error AS run_error,
    steps.step,
    steps.attempt,
    steps.status,
    steps.started_at AS step_started_at,
    steps.finished_at AS step_finished_at,
    steps.new_rows,
    steps.details ->> 'headline' AS headline,
    steps.details ->> 'error' AS error
FROM runs
LEFT JOIN ops.step_runs AS steps ON runs.run_id = steps.run_id
ORDER BY runs.started_at DESC, runs.run_id DESC, steps.started_at ASC, steps.attempt ASC;
