INSERT INTO ops.runs (run_id, job, launched_by, status, started_at, steps)
VALUES (%(run_id)s, %(job)s, %(launched_by)s, 'started', %(started_at)s, %(steps)s)
ON CONFLICT (run_id) DO NOTHING;
