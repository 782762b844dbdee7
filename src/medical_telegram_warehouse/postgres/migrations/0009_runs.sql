-- Whole runs beside their steps: a run that was killed has no last step that could tell of it.

CREATE TABLE ops.runs (
    run_id text PRIMARY KEY,
    job text NOT NULL,
    -- Who asked for it: command, schedule, sensor, backfill, ui.
    launched_by text NOT NULL,
    status text NOT NULL CHECK (status IN ('started', 'success', 'failed', 'canceled', 'killed')),
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    -- The steps that it was to run.
    steps text[] NOT NULL,
    error text,
    CHECK ((status = 'started') = (finished_at IS NULL))
);
CREATE INDEX runs_started_at ON ops.runs (started_at DESC);

-- Runs of earlier versions, as far as their steps tell.
INSERT INTO ops.runs (run_id, job, launched_by, status, started_at, finished_at, steps)
SELECT
    run_id,
    'medical_telegram_warehouse_pipeline',
    'unknown',
    CASE WHEN bool_and(last_status = 'success') THEN 'success' ELSE 'failed' END,
    min(first_started_at),
    max(last_finished_at),
    array_agg(step ORDER BY first_started_at)
FROM (
    SELECT
        run_id,
        step,
        min(started_at) AS first_started_at,
        max(finished_at) AS last_finished_at,
        (array_agg(status ORDER BY attempt DESC))[1] AS last_status
    FROM ops.step_runs
    GROUP BY run_id, step
) AS steps
GROUP BY run_id;
