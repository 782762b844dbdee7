-- What ALTER DATABASE ... SET, and ALTER ROLE ... IN DATABASE ... SET, say of a database.
SELECT
    CASE WHEN setrole = 0 THEN '' ELSE ' for ' || pg_get_userbyid(setrole) END AS owner,
    unnest(setconfig) AS setting
FROM pg_db_role_setting
INNER JOIN pg_database ON pg_database.oid = setdatabase
WHERE datname = %(name)s;
