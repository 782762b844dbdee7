-- Which of some tables of the marts are there: a first build that failed leaves some of them out.
SELECT classes.relname AS table_name
FROM pg_catalog.pg_class AS classes
INNER JOIN pg_catalog.pg_namespace AS schemas ON classes.relnamespace = schemas.oid
WHERE schemas.nspname = 'marts' AND classes.relname = ANY(%(tables)s::text[]);
