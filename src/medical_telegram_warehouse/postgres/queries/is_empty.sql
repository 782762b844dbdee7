-- Whether nobody ever made anything in this database.
SELECT NOT EXISTS (
    SELECT FROM pg_namespace
    WHERE nspname <> 'information_schema'
        AND nspname !~ '^pg_'
        AND (
            nspname <> 'public'
            OR EXISTS (SELECT FROM pg_class WHERE relnamespace = pg_namespace.oid)
            OR EXISTS (SELECT FROM pg_proc WHERE pronamespace = pg_namespace.oid)
            OR EXISTS (SELECT FROM pg_type WHERE typnamespace = pg_namespace.oid)
        )
) AS is_empty;
