SELECT max(finished_at) AS finished_at FROM ops.step_runs;
