"""What the database says of itself is what the dbt project says of it, for every table and column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conftest import PROJECT, Database
from medical_telegram_warehouse.transform import TransformStep, build, parse_manifest
from medical_telegram_warehouse.transform.invocation import invoke

SCHEMAS = ["staging", "intermediate", "marts", "seeds"]
COLUMNS = """
    SELECT
        relations.relnamespace::regnamespace || '.' || relations.relname AS relation,
        obj_description(relations.oid, 'pg_class') AS description,
        jsonb_object_agg(columns.attname, col_description(relations.oid, columns.attnum)) AS columns,
        jsonb_object_agg(columns.attname, format_type(columns.atttypid, columns.atttypmod)) AS types
    FROM pg_class AS relations
    JOIN pg_attribute AS columns ON relations.oid = columns.attrelid
    WHERE relations.relnamespace::regnamespace::text = ANY(%s) AND relations.relkind IN ('r', 'v', 'm')
    AND columns.attnum > 0 AND NOT columns.attisdropped
    GROUP BY relations.oid
"""


def documented() -> dict[str, dict[str, Any]]:
    nodes = json.loads(parse_manifest(PROJECT).read_text(encoding="utf-8"))["nodes"].values()
    return {f"{node['schema']}.{node['name']}": node for node in nodes if node["resource_type"] in ("model", "seed")}


def test_the_database_holds_and_describes_what_the_project_does(database: Database, tmp_path: Path) -> None:
    """Analysts meet the descriptions in psql and in their BI tool, and nothing undocumented beside them.

    Contracts hold the columns of marts; only a build tells those of staging and intermediate models. Afterwards dbt
    makes its own pages of the same database, and finds every table and source.
    """
    for step in (TransformStep.MESSAGES, TransformStep.PHOTOS):
        build(step, project_dir=PROJECT, address=database.address, report_timezone="UTC")
    expected = documented()
    found = {relation: facts for relation, *facts in database.rows(COLUMNS, SCHEMAS)}
    assert sorted(found) == sorted(expected)
    for relation, (description, columns, types) in found.items():
        node = expected[relation]
        assert description == node["description"], relation
        assert columns == {name: facts["description"] for name, facts in node["columns"].items()}, relation
        promised = {name: facts["data_type"] for name, facts in node["columns"].items() if facts["data_type"]}
        # As the dictionary prints them; PostgreSQL writes numeric(20,2), and stores views and arrays without precision.
        stored = {name: types[name].split("(")[0] for name in promised}
        assert stored == {name: kind.split("(")[0] for name, kind in promised.items()}, relation
    stored_in_line = database.value("SELECT reloptions FROM pg_class WHERE oid = 'marts.rpt_message_search'::regclass")
    assert stored_in_line == ["toast_tuple_target=8160"], "what search reads most is not stored in two places"

    environment = {
        "POSTGRES_HOST": database.host,
        "POSTGRES_PORT": str(database.port),
        "POSTGRES_DB": database.dbname,
        "POSTGRES_USER": database.user,
        "POSTGRES_PASSWORD": database.password,
    }
    complaints: list[str] = []

    def listen(event: Any) -> None:
        if event.info.level in ("warn", "error"):
            complaints.append(event.info.msg)

    command = ["docs", "generate"]
    invoke(command, project_dir=PROJECT, target_dir=tmp_path / "docs", environment=environment, on_event=listen)
    assert complaints == []
    catalog = json.loads((tmp_path / "docs" / "catalog.json").read_text(encoding="utf-8"))
    manifest = json.loads((tmp_path / "docs" / "manifest.json").read_text(encoding="utf-8"))
    assert set(catalog["nodes"]) == {node["unique_id"] for node in expected.values()}
    assert set(catalog["sources"]) == set(manifest["sources"])
    assert catalog["errors"] is None
