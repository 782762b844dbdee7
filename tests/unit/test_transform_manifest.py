"""The manifest that Dagster loads, and the rules of the dbt project that it proves."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from factories import copied_project
from medical_telegram_warehouse.errors import TransformError
from medical_telegram_warehouse.sources.sample import SAMPLE_CHANNEL_TYPES
from medical_telegram_warehouse.transform import parse_manifest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the dbt project, so that tests may change it."""
    return copied_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def manifest(project: Path) -> dict[str, Any]:
    """No database runs while these tests do: the profile's defaults point at whatever is not there."""
    return dict(json.loads(parse_manifest(project).read_text(encoding="utf-8")))


def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}


def checks_on(manifest: dict[str, Any], model: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node.get("attached_node") == model["unique_id"]]


def test_what_dbt_writes_by_hand_is_not_what_the_pipeline_reads(project: Path, manifest: dict[str, Any]) -> None:
    """Each `dbt test` overwrites target/manifest.json in place; a run once started while half of it was written."""
    (project / "target" / "manifest.json").write_text('{"nodes": {', encoding="utf-8")
    assert json.loads(parse_manifest(project).read_text(encoding="utf-8"))["nodes"]


def test_a_manifest_is_made_once_and_again_when_the_project_changes(
    project: Path, manifest: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each Dagster process asks for it; parsing in all of them would cost seconds each."""
    path = project / "target" / "pipeline" / "manifest.json"
    written = path.stat().st_mtime_ns
    assert parse_manifest(project) == path
    assert path.stat().st_mtime_ns == written

    (project / "warehouse" / "tests" / "added.sql").write_text("select 1 as one where false\n", encoding="utf-8")
    parse_manifest(project)
    assert "test.medical_telegram_warehouse.added" in path.read_text(encoding="utf-8")
    assert sorted(file.name for file in path.parent.iterdir()) == ["manifest.fingerprint", "manifest.json"]

    (project / "warehouse" / "tests" / "added.sql").write_text("select {{ nonsense(\n", encoding="utf-8")
    with pytest.raises(TransformError, match=r"added\.sql"):
        parse_manifest(project)


def test_without_a_project_the_error_says_what_to_set(tmp_path: Path) -> None:
    """The package may run from an installation that has no dbt project beside it."""
    with pytest.raises(TransformError, match="PROJECT_DIR"):
        parse_manifest(tmp_path)


def test_the_seed_gives_each_sample_channel_its_type() -> None:
    """Otherwise the first run, on sample data, would show unclassified channels."""
    with (PROJECT / "warehouse" / "seeds" / "channel_types.csv").open(encoding="utf-8", newline="") as file:
        types = {row["channel_name"]: row["channel_type"] for row in csv.DictReader(file)}
    assert SAMPLE_CHANNEL_TYPES.items() <= types.items()
