-- A login that was dropped stays connected. Returns how many sessions of it were told to end.
SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) AS ended_count
FROM pg_stat_activity
WHERE usesysid = %(oid)s;
