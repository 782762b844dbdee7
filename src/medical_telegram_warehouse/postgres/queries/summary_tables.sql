-- Tables and views that people ask.
SELECT table_schema AS schema_name, table_name
FROM information_schema.tables
WHERE table_schema IN ('raw', 'marts')
ORDER BY table_schema DESC, table_name;
