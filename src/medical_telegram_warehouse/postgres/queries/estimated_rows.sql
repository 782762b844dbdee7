-- About how many rows a table has, as the planner sees it; counting would read the whole of it.
SELECT greatest(classes.reltuples, 0)::bigint AS rows_about
FROM pg_class AS classes
INNER JOIN pg_namespace AS schemas ON classes.relnamespace = schemas.oid
WHERE schemas.nspname = %(schema)s AND classes.relname = %(table)s AND classes.relkind IN ('r', 'p', 'm');
