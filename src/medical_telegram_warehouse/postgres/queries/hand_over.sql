-- Everything in the product's schemas belongs to mtw_owner from now on, so that each of its logins can rebuild and
-- migrate it. Whoever runs this must be a member of mtw_owner, and own what is handed over.
DO $$
DECLARE
    change text;
BEGIN
    FOR change IN
        SELECT format('ALTER SCHEMA %I OWNER TO mtw_owner', nspname)
        FROM pg_namespace
        WHERE nspname IN ('raw', 'ops', 'staging', 'intermediate', 'marts', 'seeds')
            AND nspowner <> to_regrole('mtw_owner')

        UNION ALL
        SELECT
            format(
                'ALTER %s %I.%I OWNER TO mtw_owner',
                CASE relkind
                    WHEN 'v' THEN 'VIEW'
                    WHEN 'm' THEN 'MATERIALIZED VIEW'
                    WHEN 'S' THEN 'SEQUENCE'
                    WHEN 'f' THEN 'FOREIGN TABLE'
                    ELSE 'TABLE'
                END,
                nspname, relname
            )
        FROM pg_class
        INNER JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname IN ('raw', 'ops', 'staging', 'intermediate', 'marts', 'seeds')
            AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
            AND relowner <> to_regrole('mtw_owner')
            -- A column's own sequence goes with its table.
            AND NOT (
                relkind = 'S'
                AND EXISTS (
                    SELECT FROM pg_depend
                    WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype IN ('a', 'i')
                )
            )

        UNION ALL
        SELECT format('ALTER ROUTINE %s OWNER TO mtw_owner', pg_proc.oid::regprocedure)
        FROM pg_proc
        INNER JOIN pg_namespace ON pg_namespace.oid = pronamespace
        WHERE nspname IN ('raw', 'ops', 'staging', 'intermediate', 'marts', 'seeds')
            AND proowner <> to_regrole('mtw_owner')
            -- An extension's functions are its own.
            AND NOT EXISTS (
                SELECT FROM pg_depend
                WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e'
            )
    LOOP
        EXECUTE change;
    END LOOP;
END $$;
