-- What each step of a run said of itself. dbt rebuilds its tables, so its rows are those it wrote, new or not.
SELECT
    step,
    CASE
        WHEN jsonb_typeof(details -> 'models') = 'number'
            THEN (SELECT coalesce(sum(built.value::bigint), 0)::bigint FROM jsonb_each_text(details -> 'rows') AS built)
        ELSE new_rows
    END AS rows_written,
    details ->> 'headline' AS headline
FROM ops.step_runs
WHERE run_id = %(run_id)s AND status = 'success'
ORDER BY attempt;
