-- Whether this user may create databases, whether there is one of that name, and whether this user may rename it.
SELECT
    (SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user) AS may_create,
    EXISTS (SELECT FROM pg_database WHERE datname = %(name)s) AS database_exists,
    coalesce((SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = %(name)s), false) AS is_own;
