WITH old AS (
    DELETE FROM ops.runs WHERE started_at < %(before)s
)

DELETE FROM ops.step_runs WHERE started_at < %(before)s;
