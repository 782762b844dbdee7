"""PostgreSQL: the embedded server, connections, migrations and named queries.

The database is always PostgreSQL. Where none listens on this machine the embedded one is started; to every client it
is the same as a server of one's own.
"""
