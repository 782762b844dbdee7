INSERT INTO ops.step_runs (run_id, step, attempt, status, started_at, finished_at, new_rows, details)
VALUES (
    %(run_id)s, %(step)s, %(attempt)s, %(status)s, %(started_at)s, %(finished_at)s, %(new_rows)s, %(details)s
)
ON CONFLICT (run_id, step, attempt) DO UPDATE SET
    status = EXCLUDED.status,
    finished_at = EXCLUDED.finished_at,
    new_rows = EXCLUDED.new_rows,
    details = EXCLUDED.details;
