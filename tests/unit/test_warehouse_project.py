"""The rules that the dbt project of `warehouse/` keeps, over the manifest that dbt makes of it; no database runs.

There are no lists of exceptions: what breaks a rule is mended, or the rule is wrong.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from medical_telegram_warehouse.transform import parse_manifest

PROJECT = Path(__file__).resolve().parents[2]
QUERIES = PROJECT / "src" / "medical_telegram_warehouse" / "postgres" / "queries"
PREFIXES = {"staging": ("stg",), "intermediate": ("int",), "marts": ("dim", "fct", "rpt")}
GRAIN = re.compile(r"Grain - (?:at most )?one row\b")
# Tells when a row was written; no reader looks a row up by it alone, and no row is known by it.
WRITTEN = {"updated_at", "content_updated_at"}


class Project:
    """What the rules ask of the manifest."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        nodes = manifest["nodes"].values()
        self.models = {node["name"]: node for node in nodes if node["resource_type"] == "model"}
        self.seeds = {node["name"]: node for node in nodes if node["resource_type"] == "seed"}
        self.sources = {f"{node['source_name']}.{node['name']}": node for node in manifest["sources"].values()}
        self.tests = [node for node in nodes if node["resource_type"] == "test"]
        self.unit_tests = list(manifest["unit_tests"].values())
        self.exposures = {node["name"]: node for node in manifest["exposures"].values()}
        self._names = {node["unique_id"]: node["name"] for node in (*nodes, *manifest["sources"].values())}
        self._tests = defaultdict(list)
        for test in self.tests:
            self._tests[test.get("attached_node")].append(test)

    def of_layer(self, layer: str) -> dict[str, dict[str, Any]]:
        return {name: node for name, node in self.models.items() if node["schema"] == layer}

    @property
    def incremental(self) -> dict[str, dict[str, Any]]:
        return {name: node for name, node in self.models.items() if node["config"]["materialized"] == "incremental"}

    def parents(self, node: dict[str, Any], kind: str) -> set[str]:
        """Names of the models, seeds or sources that something reads, in its query, its hooks and their macros."""
        return {self._names[parent] for parent in node["depends_on"]["nodes"] if parent.startswith(f"{kind}.")}

    def tested(self, node: dict[str, Any], kind: str) -> list[dict[str, Any]]:
        """Its generic tests of one kind."""
        return [test for test in self._tests[node["unique_id"]] if test["test_metadata"]["name"] == kind]

    def columns_tested(self, node: dict[str, Any], kind: str) -> set[str]:
        return {test["column_name"] for test in self.tested(node, kind)}

    def columns_set(self, node: dict[str, Any]) -> set[str]:
        """Columns that are never null: PostgreSQL refuses it, or a test does."""
        constrained = {
            name
            for name, column in node["columns"].items()
            if any(constraint["type"] == "not_null" for constraint in column["constraints"])
        }
        return constrained | self.columns_tested(node, "not_null")

    def own_keys(self, node: dict[str, Any]) -> set[str]:
        """Columns each of which alone tells one row from another."""
        return self.columns_tested(node, "unique") & self.columns_tested(node, "not_null")

    def foreign_keys(self) -> Iterator[tuple[dict[str, Any], str, str, str]]:
        """Of each mart, the columns that hold another one's key: the mart, the column, that other, its key.

        `example_message_key` is a message_key, whatever stands before.
        """
        owners = {
            key: name
            for name, node in self.of_layer("marts").items()
            if not name.startswith("rpt_")
            for key in self.own_keys(node)
            if key.endswith("_key")
        }
        for name, node in self.of_layer("marts").items():
            for column in node["columns"]:
                for key, owner in owners.items():
                    if owner != name and f"_{column}".endswith(f"_{key}") and column not in self.own_keys(node):
                        yield node, column, owner, key


@pytest.fixture(scope="module")
def project() -> Project:
    return Project(json.loads(parse_manifest(PROJECT).read_text(encoding="utf-8")))


def test_a_models_name_and_folder_tell_its_layer(project: Project) -> None:
    """Who reads `int_` in a query knows that nothing is promised, without looking it up."""
    for name, node in project.models.items():
        assert node["fqn"][1] == node["schema"], name
        assert name.split("_")[0] in PREFIXES[node["schema"]], name
    assert {node["schema"] for node in project.seeds.values()} == {"seeds"}


def test_staging_reads_one_source_each_and_nothing_else_reads_sources(project: Project) -> None:
    """A change of a raw table then has one place to be met."""
    read: list[str] = []
    for name, node in project.models.items():
        sources = [parent for parent in node["depends_on"]["nodes"] if parent.startswith("source.")]
        if node["schema"] == "staging":
            assert len(sources) == len(node["depends_on"]["nodes"]) == 1, name
            read.extend(sources)
        else:
            assert sources == [], name
    assert len(read) == len(set(read)), "one view a raw table"


def test_what_others_take_from_a_report_is_summed_up_from_facts_alone(project: Project) -> None:
    """Reports end the graph, but for a few that also save others from reading all messages again.

    Those read facts and staging only. Otherwise a dimension would hang on a chain of reports, and a change of one
    report's meaning would change facts.
    """
    for name, node in project.models.items():
        if name.startswith("rpt_"):
            continue
        for report in (parent for parent in project.parents(node, "model") if parent.startswith("rpt_")):
            parents = project.parents(project.models[report], "model")
            assert {parent for parent in parents if not parent.startswith(("fct_", "stg_"))} == set(), (name, report)
            assert project.parents(project.models[report], "seed") == set(), (name, report)


def test_the_first_dbt_step_reads_nothing_that_the_second_makes(project: Project) -> None:
    """On a fresh database that does not exist yet."""
    for name, node in project.models.items():
        if "photos" not in node["config"]["tags"]:
            late = {
                each for each in project.parents(node, "model") if "photos" in project.models[each]["config"]["tags"]
            }
            assert late == set(), name


def test_everything_is_described_and_tables_state_their_grain(project: Project) -> None:
    """What one row is decides how a table may be joined and counted."""
    for name, node in {**project.models, **project.seeds, **project.sources}.items():
        assert GRAIN.search(node["description"]), name
    for source in project.sources.values():
        assert source["source_description"].strip(), source["source_name"]
    for name, exposure in project.exposures.items():
        assert exposure["description"].strip(), name
    for unit_test in project.unit_tests:
        assert unit_test["description"].strip(), unit_test["name"]


def test_every_column_is_described_in_one_line_of_prose(project: Project) -> None:
    """Two apostrophes are what is left of quoting that nobody takes off.

    That every column stands here at all is held by the marts' contracts, and by
    tests/integration/test_warehouse_columns.py.
    """
    for name, node in {**project.models, **project.seeds}.items():
        assert node["columns"], name
        for column, facts in node["columns"].items():
            text = facts["description"].strip()
            assert text.endswith("."), (name, column)
            assert "''" not in text, (name, column)


def test_every_mart_has_an_enforced_contract(project: Project) -> None:
    """A renamed or retyped column breaks the build, not the API and the dashboards that read it."""
    for name, node in project.of_layer("marts").items():
        assert node["contract"]["enforced"], name
        assert [column for column, facts in node["columns"].items() if not facts["data_type"]] == [], name


def test_every_model_and_seed_has_a_tested_key(project: Project) -> None:
    """A join that doubles rows is found by the build that makes them."""
    for name, node in {**project.models, **project.seeds}.items():
        assert project.own_keys(node) or project.tested(node, "unique_combination"), name


def test_every_foreign_key_of_a_mart_is_tested(project: Project) -> None:
    """By its relationship, and not to be null, unless its description says when it is."""
    found = 0
    for node, column, owner, key in project.foreign_keys():
        found += 1
        related = [test for test in project.tested(node, "relationships") if test["column_name"] == column]
        kwargs = [test["test_metadata"]["kwargs"] for test in related]
        assert [(each["to"], each["field"]) for each in kwargs] == [(f"ref('{owner}')", key)], (node["name"], column)
        may_be_null = re.search(r"\bnull\b", node["columns"][column]["description"])
        assert may_be_null or column in project.columns_set(node), (node["name"], column)
    assert found > 20


def test_only_columns_of_tables_are_constrained(project: Project) -> None:
    """Nobody would enforce it on a view: what a view must not hold, a test looks for."""
    constrained = {
        name
        for name, node in project.models.items()
        if any(column["constraints"] for column in node["columns"].values())
    }
    assert len(constrained) > 20
    assert {project.models[name]["config"]["materialized"] for name in constrained} == {"table", "incremental"}
    assert {project.models[name]["config"]["contract"]["enforced"] for name in constrained} == {True}


def test_every_test_that_only_warns_says_why(project: Project) -> None:
    """In its first comment, or its description. A warning without a reason is one that people learn to overlook."""
    for test in project.tests:
        if test["config"]["severity"].lower() == "warn":
            comment = " ".join(line.strip("- ") for line in test["raw_code"].splitlines() if line.startswith("--"))
            assert "because" in f"{comment} {test['description']}", test["name"]


def test_every_singular_test_opens_with_its_reason(project: Project) -> None:
    for test in project.tests:
        if "test_metadata" not in test:
            assert test["raw_code"].lstrip().startswith("-- "), test["name"]


def test_every_model_but_plain_staging_has_a_unit_test(project: Project) -> None:
    """A rule is proven by two or three rows, whatever the data of the day holds."""
    proven = {test["model"] for test in project.unit_tests}
    assert {name for name, node in project.models.items() if node["schema"] != "staging"} - proven == set()


def test_the_api_the_dashboard_and_the_summary_are_known_to_read_marts_only(project: Project) -> None:
    """So that `dbt ls --select +exposure:dashboard` tells what a change reaches."""
    assert {"http_api", "dashboard", "run_summary"} <= set(project.exposures)
    for name, exposure in project.exposures.items():
        assert project.parents(exposure, "model") <= set(project.of_layer("marts")), name
        assert len(project.parents(exposure, "model")) == len(exposure["depends_on"]["nodes"]) > 0, name


def test_the_summary_reads_what_its_exposure_says(project: Project) -> None:
    queries = [path.read_text("utf-8") for path in QUERIES.glob("summary_*.sql")]
    read = {table for query in queries for table in re.findall(r"\bmarts\.(\w+)", query)}
    assert project.parents(project.exposures["run_summary"], "model") == read


def test_every_incremental_model_remembers_its_build_or_exchanges_all_rows(project: Project) -> None:
    """Otherwise each build would take the same changes again, or none."""
    for name, node in project.incremental.items():
        hooks = {when: " ".join(hook["sql"] for hook in node["config"][when]) for when in ("pre-hook", "post-hook")}
        assert "remember_build()" in hooks["post-hook"] or "delete_all_rows()" in hooks["pre-hook"], name
        assert "begin_model()" in hooks["pre-hook"], name
        assert node["config"]["on_schema_change"] == "append_new_columns", name


def test_every_incremental_model_is_indexed_by_its_key(project: Project) -> None:
    """What is replaced is found by it; a sequential scan would make each build as slow as the table is long.

    A model whose rows are told apart by one column has a unique index on that column alone.
    """
    for name, node in project.incremental.items():
        indexes = [(index["columns"], index.get("unique", False)) for index in node["config"]["indexes"]]
        assert [columns for columns, _ in indexes if not WRITTEN & set(columns)], name
        for key in project.own_keys(node):
            assert ([key], True) in indexes, (name, key)
        if (replaced_by := node["config"]["unique_key"]) is not None:
            assert replaced_by in {columns[0] for columns, _ in indexes}, name


def test_tests_of_written_rows_know_who_wrote_them(project: Project) -> None:
    """`meta.written` with a misspelt model would compare with null, and its tests would test nothing."""
    for name, node in project.models.items():
        if (written := node["config"]["meta"].get("written")) is None:
            continue
        assert written["by"] in project.incremental, name
        assert "remember_build()" in str(project.models[written["by"]]["config"]["post-hook"]), name
        assert written.get("column", "") in node["columns"] or "{since}" in written.get("rows", ""), name
