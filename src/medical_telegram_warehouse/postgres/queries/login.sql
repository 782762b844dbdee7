-- A role by its name, and which of the product's groups it is a member of. Who made a group administers it, which alone
-- is no membership. `is_foreign`: it may more than any login of ours.
SELECT
    role.oid,
    ARRAY(
        SELECT DISTINCT member_of.rolname::text
        FROM pg_auth_members AS membership
        INNER JOIN pg_roles AS member_of ON member_of.oid = membership.roleid
        WHERE membership.member = role.oid AND NOT membership.admin_option AND member_of.rolname = ANY(%(groups)s)
    ) AS group_names,
    role.rolname = session_user
    OR NOT role.rolcanlogin
    OR role.rolsuper
    OR role.rolcreaterole
    OR role.rolcreatedb
    OR role.rolreplication
    OR role.rolbypassrls AS is_foreign
FROM pg_roles AS role
WHERE role.rolname = %(name)s;
