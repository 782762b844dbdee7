-- What each step of a run said of itself.
SELECT step, new_rows, details ->> 'headline' AS headline
FROM ops.step_runs
WHERE run_id = %(run_id)s AND status = 'success'
ORDER BY attempt;
