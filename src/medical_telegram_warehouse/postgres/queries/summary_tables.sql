SELECT schemaname AS schema_name, tablename AS table_name
FROM pg_tables
WHERE schemaname IN ('raw', 'marts')
ORDER BY schemaname DESC, tablename;
