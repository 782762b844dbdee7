-- The tables that a backup holds, and whether they have rows of their own: a partitioned table has none. What belongs
-- to an extension comes with the extension.
SELECT
    nspname,
    relname,
    relkind = 'r' AS has_rows
FROM pg_class
INNER JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p')
    AND relpersistence <> 't'
    AND nspname !~ '^pg_'
    AND nspname <> 'information_schema'
    AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
    )
ORDER BY nspname, relname;
