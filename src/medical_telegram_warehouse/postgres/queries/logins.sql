-- The logins that are members of the product's groups, with the limit of their statements and their open sessions.
SELECT
    login.rolname,
    memberships.group_names,
    (
        SELECT split_part(setting, '=', 2)
        FROM unnest(login.rolconfig) AS setting
        WHERE setting LIKE 'statement\_timeout=%%'
    ) AS statement_timeout,
    (SELECT count(*) FROM pg_stat_activity WHERE usesysid = login.oid) AS session_count
FROM pg_roles AS login
CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT member_of.rolname::text ORDER BY member_of.rolname::text) AS group_names
    FROM pg_auth_members AS membership
    INNER JOIN pg_roles AS member_of ON member_of.oid = membership.roleid
    WHERE membership.member = login.oid AND NOT membership.admin_option AND member_of.rolname = ANY(%(groups)s)
) AS memberships
WHERE login.rolcanlogin AND memberships.group_names IS NOT NULL
ORDER BY login.rolname;
