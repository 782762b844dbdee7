-- The last attempt of each step.
SELECT DISTINCT ON (step)
    step,
    status,
    finished_at,
    extract(epoch FROM finished_at - started_at)::double precision AS seconds
FROM ops.step_runs
ORDER BY step, started_at DESC, attempt DESC;
