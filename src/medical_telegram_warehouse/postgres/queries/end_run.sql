-- Also one whose beginning could not be noted, because the database was not there yet.
INSERT INTO ops.runs (run_id, job, launched_by, status, started_at, finished_at, steps, error)
VALUES (
    %(run_id)s, %(job)s, %(launched_by)s, %(status)s, %(started_at)s, %(finished_at)s, %(steps)s, %(error)s
)
ON CONFLICT (run_id) DO UPDATE SET
    status = EXCLUDED.status,
    finished_at = EXCLUDED.finished_at,
    error = EXCLUDED.error
WHERE ops.runs.status = 'started';
