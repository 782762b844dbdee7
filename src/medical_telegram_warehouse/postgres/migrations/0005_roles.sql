-- Group roles for logins that may do less than the user who migrates. `mtw db add-user` makes such logins; it and
-- `mtw db restore` run this file again, so everything in it may be repeated at any time.
--
--   mtw_reader   reads what is published: marts, seeds, ops. Not raw (whole records, with personal data), nor what dbt
--                keeps between raw and marts.
--   mtw_loader   fills raw and ops, and changes no table.
--   mtw_owner    does everything in the product's schemas. Grants alone would not do: whoever rebuilds, renames or
--                migrates a table must own it. So a login of this group acts as mtw_owner as soon as it connects, and
--                what it makes belongs to the group. What is there already is handed over when the first such login is
--                made (queries/hand_over.sql), not here: a warehouse without such logins stays as it is. Membership in
--                the user who migrates would be simpler, but that is a superuser on the embedded server.
--
-- Roles belong to the whole cluster, of which several databases may be migrated at the same moment. A user who may not
-- create roles, as on a managed server, is warned and goes on: the product works without them.

CREATE SCHEMA IF NOT EXISTS staging;
CREATE SCHEMA IF NOT EXISTS intermediate;
CREATE SCHEMA IF NOT EXISTS marts;
CREATE SCHEMA IF NOT EXISTS seeds;

DO $roles$
DECLARE
    role_name text;
    missing text[] := '{}';
BEGIN
    FOREACH role_name IN ARRAY ARRAY['mtw_owner', 'mtw_loader', 'mtw_reader'] LOOP
        CONTINUE WHEN to_regrole(role_name) IS NOT NULL;
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of this cluster was quicker
            WHEN insufficient_privilege THEN
                missing := missing || format('CREATE ROLE %I NOLOGIN;', role_name);
        END;
    END LOOP;
    IF missing <> '{}' THEN
        RAISE WARNING 'user % may not create roles, so that only this user can use the database; for logins of others '
            'an administrator of the server must run: %', quote_ident(current_user), array_to_string(missing, ' ');
    END IF;

    -- Logins do not inherit settings: add-user sets them on each. These stand for logins that are made by hand with
    -- SET ROLE, and tell what is meant. What an administrator changed stays.
    IF to_regrole('mtw_reader') IS NOT NULL
        AND NOT EXISTS (SELECT FROM pg_db_role_setting WHERE setdatabase = 0 AND setrole = to_regrole('mtw_reader'))
    THEN
        BEGIN
            ALTER ROLE mtw_reader SET statement_timeout = '30s';
            ALTER ROLE mtw_reader SET default_transaction_read_only = on;
            ALTER ROLE mtw_reader SET idle_in_transaction_session_timeout = '60s';
        EXCEPTION
            WHEN unique_violation OR internal_error THEN
                NULL; -- another database of this cluster was quicker ("tuple concurrently updated")
            WHEN insufficient_privilege THEN
                NULL; -- they guard against mistakes; rights do not depend on them
        END;
    END IF;
END $roles$;

DO $grants$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT grants.statement
        FROM (
            VALUES
            ('mtw_reader', 'GRANT USAGE ON SCHEMA marts, seeds, ops TO mtw_reader'),
            ('mtw_reader', 'GRANT SELECT ON ALL TABLES IN SCHEMA marts, seeds, ops TO mtw_reader'),
            ('mtw_loader', 'GRANT USAGE ON SCHEMA raw, ops TO mtw_loader'),
            (
                'mtw_loader',
                'GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA raw, ops TO mtw_loader'
            ),
            ('mtw_loader', 'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA raw, ops TO mtw_loader'),
            ('mtw_loader', 'GRANT SELECT ON public.mtw_migrations TO mtw_loader'),
            ('mtw_owner', 'GRANT ALL ON SCHEMA raw, ops, staging, intermediate, marts, seeds TO mtw_owner'),
            (
                'mtw_owner',
                'GRANT ALL ON ALL TABLES IN SCHEMA raw, ops, staging, intermediate, marts, seeds TO mtw_owner'
            ),
            (
                'mtw_owner',
                'GRANT ALL ON ALL SEQUENCES IN SCHEMA raw, ops, staging, intermediate, marts, seeds TO mtw_owner'
            ),
            ('mtw_owner', 'GRANT ALL ON public.mtw_migrations TO mtw_owner')
        ) AS grants (role_name, statement)
        WHERE to_regrole(grants.role_name) IS NOT NULL

        UNION ALL
        -- The tables to come: of this user, and of mtw_owner where this user may speak for it.
        SELECT format('ALTER DEFAULT PRIVILEGES %s IN SCHEMA %s', makers.maker, defaults.statement)
        FROM (
            VALUES
            ('mtw_reader', 'marts, seeds, ops GRANT SELECT ON TABLES TO mtw_reader'),
            ('mtw_loader', 'raw, ops GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON TABLES TO mtw_loader'),
            ('mtw_loader', 'raw, ops GRANT USAGE, SELECT ON SEQUENCES TO mtw_loader'),
            ('mtw_owner', 'raw, ops, staging, intermediate, marts, seeds GRANT ALL ON TABLES TO mtw_owner'),
            ('mtw_owner', 'raw, ops, staging, intermediate, marts, seeds GRANT ALL ON SEQUENCES TO mtw_owner')
        ) AS defaults (role_name, statement)
        CROSS JOIN (VALUES (''), ('FOR ROLE mtw_owner')) AS makers (maker)
        WHERE to_regrole(defaults.role_name) IS NOT NULL
            AND (makers.maker = '' OR pg_has_role(to_regrole('mtw_owner'), 'USAGE'))

        UNION ALL
        -- What PUBLIC has on a database by default, unless somebody took it away.
        SELECT format('GRANT %s ON DATABASE %I TO %s', rights.kinds, current_database(), rights.role_name)
        FROM (
            VALUES
            ('mtw_reader', 'CONNECT'), ('mtw_loader', 'CONNECT, TEMPORARY'), ('mtw_owner', 'CONNECT, TEMPORARY, CREATE')
        ) AS rights (role_name, kinds)
        WHERE to_regrole(rights.role_name) IS NOT NULL
            AND has_database_privilege(current_database(), 'CREATE WITH GRANT OPTION')
    LOOP
        -- dbt may be replacing a table at this moment ("tuple concurrently updated"): it is gone a little later.
        FOR attempt IN 1..5 LOOP
            BEGIN
                EXECUTE wanted.statement;
                EXIT;
            EXCEPTION
                WHEN insufficient_privilege THEN
                    RAISE WARNING 'not done, because % (its owner must run it): %', sqlerrm, wanted.statement;
                    EXIT;
                WHEN internal_error OR undefined_table THEN
                    IF attempt = 5 THEN
                        RAISE;
                    END IF;
                    PERFORM pg_sleep(0.2 * attempt);
            END;
        END LOOP;
    END LOOP;
END $grants$;
