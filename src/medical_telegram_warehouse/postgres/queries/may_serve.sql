-- Whether the database is up to date enough to be read, and whether this user may act as the role that reads.
SELECT
    to_regclass('ops.warehouse_version') IS NOT NULL AS is_migrated,
    coalesce(pg_has_role(to_regrole(%(role)s), 'MEMBER'), false) AS is_member;
