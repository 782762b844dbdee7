-- Who is connected to a database: people and programs, not the server's own workers.
SELECT
    pid,
    usename,
    application_name,
    coalesce('from ' || host(client_addr), 'from this machine') AS client
FROM pg_stat_activity
WHERE datname = %(name)s AND usesysid IS NOT NULL AND leader_pid IS NULL AND pid <> pg_backend_pid()
ORDER BY backend_start;
