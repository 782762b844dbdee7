SELECT version, built_at, is_building, building_since FROM ops.warehouse_version;
