-- Which state of the marts a reader has seen, so that it may keep what it read until there is another one.

-- Exactly one row. Each dbt command that writes counts up, also one that failed: by then some tables are others. While
-- one runs, tables of two states stand side by side; after one that was killed, until the next has ended.
CREATE TABLE ops.warehouse_version (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    version bigint NOT NULL DEFAULT 0,
    built_at timestamptz,
    is_building boolean NOT NULL DEFAULT false,
    building_since timestamptz
);
INSERT INTO ops.warehouse_version DEFAULT VALUES;

-- Who listens need not ask again and again.
CREATE FUNCTION ops.tell_warehouse_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(
        'mtw_warehouse_version',
        json_build_object('version', NEW.version, 'is_building', NEW.is_building)::text
    );
    RETURN NULL;
END $$;
CREATE TRIGGER tell_warehouse_version AFTER UPDATE ON ops.warehouse_version
FOR EACH ROW EXECUTE FUNCTION ops.tell_warehouse_version();
