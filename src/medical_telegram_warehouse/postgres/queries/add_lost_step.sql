-- A step whose process ended without a word. One that has told of itself keeps what it said.
INSERT INTO ops.step_runs (run_id, step, attempt, status, started_at, finished_at, details)
VALUES (%(run_id)s, %(step)s, %(attempt)s, 'failed', %(started_at)s, %(finished_at)s, %(details)s)
ON CONFLICT (run_id, step, attempt) DO NOTHING;
