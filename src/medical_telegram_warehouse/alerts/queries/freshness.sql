-- Since when the whole pipeline has not succeeded: its last success, else when this database was made.
SELECT
    (
        SELECT max(finished_at)
        FROM ops.runs
        WHERE status = 'success' AND (job = %(job)s OR steps @> %(steps)s)
    ) AS succeeded_at,
    (SELECT min(applied_at) FROM public.mtw_migrations) AS database_made_at,
    (
        SELECT max(started_at)
        FROM ops.runs
    ) AS last_started_at;
