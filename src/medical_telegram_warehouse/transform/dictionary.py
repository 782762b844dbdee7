"""The data dictionary: what the dbt project says of its tables, as one page of Markdown.

    warehouse/**/*.yml ──parse_manifest──► manifest ──render_dictionary──► docs/data-dictionary.md

Needs no database. The page tells nothing of when or where it was made, so that it is the same everywhere; a test
compares the one that is committed. How the page looks is all that belongs here: what it says stands beside the models.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from medical_telegram_warehouse.errors import TransformError
from medical_telegram_warehouse.transform.manifest import parse_manifest

DICTIONARY_FILE = Path("docs") / "data-dictionary.md"
"""Where the page lies in the project's folder."""
# What an analyst meets first; folders that are not named here follow in the order of the alphabet.
_FOLDERS = ("core", "channels", "offers", "topics", "photos", "search", "quality", "reports")
_KINDS = ("dim", "fct", "rpt")
_INTRODUCTION = """\
# Data dictionary

`mtw dictionary` writes this page from the descriptions in `warehouse/`; change them there. [warehouse.md](warehouse.md)
tells how the tables are meant to be used.

- **Keys.** *key* is the table's own: unique and never null. → leads to the table whose key a column holds; without
  *not null* it may be null.
- **Builds.** A *table* is made anew by each build, an *incremental table* is added to and changed where its sources
  changed, a *view* reads its sources when it is asked.
- Models named `int_…` are steps on the way, in the schema `intermediate`. They are left out, because they promise
  nothing: their columns change whenever a table is built in another way.
"""
_BUILDS = {"table": "Table", "incremental": "Incremental table", "view": "View"}


class Written(NamedTuple):
    """What a page describes."""

    path: Path
    tables: int
    columns: int


def write_dictionary(project_dir: Path, target: Path | None = None) -> Written:
    """Write the page, by default to docs/data-dictionary.md in the project's folder.

    Raises:
        TransformError: there is no dbt project in `project_dir`, it has an error, or the page cannot be written.
    """
    path = target or project_dir / DICTIONARY_FILE
    manifest = json.loads(parse_manifest(project_dir).read_text(encoding="utf-8"))
    page = render_dictionary(manifest)
    try:
        path.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise TransformError(
            f"{path} cannot be written: {error.strerror}; name a file in a folder that exists"
        ) from error
    tables = [node for schema in ("marts", "seeds", "staging") for node in _relations(manifest, schema)]
    return Written(path, len(tables), sum(len(node["columns"]) for node in tables))


def render_dictionary(manifest: Mapping[str, Any]) -> str:
    """The whole page, of dbt's manifest as JSON."""
    marts = sorted(_relations(manifest, "marts"), key=lambda node: (*_place(node), node["name"]))
    seeds, staging = _relations(manifest, "seeds"), _relations(manifest, "staging")
    folders = [(folder, list(nodes)) for folder, nodes in groupby(marts, key=_folder)]
    listed = {node["unique_id"] for node in (*marts, *seeds, *staging)}
    parts = [_INTRODUCTION, *_contents(folders, seeds, staging)]
    for folder, nodes in folders:
        parts += [f"## Marts: {folder}\n", *(_table(manifest, node, listed) for node in nodes)]
    parts.append("## Seeds\n\nLists in `warehouse/seeds/` that are yours to edit; `mtw transform` applies them.\n")
    parts += [_table(manifest, node, listed) for node in seeds]
    parts += ["## Staging\n\nOne view a raw table: taken, renamed, cast, nothing else. Marts are made of these.\n"]
    parts += [_short(manifest, node) for node in staging]
    return "\n".join(parts)


def _relations(manifest: Mapping[str, Any], schema: str) -> list[Any]:
    nodes = (node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed"))
    return sorted((node for node in nodes if node["schema"] == schema), key=lambda node: node["name"])


def _folder(node: Mapping[str, Any]) -> str:
    """Of `warehouse/models/marts/core/dim_dates.sql`: core."""
    return str(node["fqn"][2])


def _place(node: Mapping[str, Any]) -> tuple[int, str, int]:
    folder, kind = _folder(node), node["name"].split("_")[0]
    return (
        _FOLDERS.index(folder) if folder in _FOLDERS else len(_FOLDERS),
        folder,
        _KINDS.index(kind) if kind in _KINDS else len(_KINDS),
    )


def _contents(folders: Iterable[tuple[str, list[Any]]], seeds: list[Any], staging: list[Any]) -> Iterator[str]:
    yield "| schema | tables |\n|---|---|"
    for folder, nodes in folders:
        yield _row(f"marts: {folder}", _links(nodes))
    yield _row("seeds", _links(seeds))
    yield _row("staging", _links(staging)) + "\n"


def _links(nodes: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(f"[{node['name']}](#{node['name']})" for node in nodes)


def _table(manifest: Mapping[str, Any], node: Mapping[str, Any], listed: set[str]) -> str:
    tests = [test for test in manifest["nodes"].values() if test.get("attached_node") == node["unique_id"]]
    types = node["config"].get("column_types", {})
    rows = [
        _row(
            f"`{name}`",
            _code(column["data_type"] or types.get(name)),
            _described(column, tests),
            _keys(column, tests),
        )
        for name, column in node["columns"].items()
    ]
    head = f"### {node['name']}\n\n{_text(node['description'])}\n\n{_made(manifest, node, tests, listed)}.\n"
    return "\n".join((head, "| column | type | description | keys |\n|---|---|---|---|", *rows, ""))


def _made(manifest: Mapping[str, Any], node: Mapping[str, Any], tests: Iterable[Any], listed: set[str]) -> str:
    """Of what, how, and for whom a table is made."""
    if node["resource_type"] == "seed":
        models = [each for each in manifest["nodes"].values() if each["resource_type"] == "model"]
        readers = [each for each in models if node["unique_id"] in each["depends_on"]["nodes"]]
        return f"Seed; read by {_names(readers, listed)}"
    build = str(node["config"]["materialized"])
    parents = [manifest["nodes"][parent] for parent in node["depends_on"]["nodes"]]
    facts = [f"{_BUILDS.get(build, build)}, made of {_names(parents, listed)}"]
    exposures = [each for each in manifest["exposures"].values() if node["unique_id"] in each["depends_on"]["nodes"]]
    if exposures:
        facts.append(f"read by {', '.join(sorted(each['label'] for each in exposures))}")
    keys = [test["test_metadata"] for test in tests if test["test_metadata"]["name"] == "unique_combination"]
    facts.extend(f"key: {' and '.join(key['kwargs']['columns'])} together" for key in keys)
    return "; ".join(facts)


def _short(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    columns = ", ".join(f"`{name}`" for name in node["columns"])
    [source] = [manifest["sources"][parent] for parent in node["depends_on"]["nodes"]]
    table = f"`{source['schema']}.{source['name']}`"
    return f"### {node['name']}\n\n{_text(node['description'])} A view of {table}: {columns}.\n"


def _names(nodes: Iterable[Mapping[str, Any]], listed: set[str]) -> str:
    names = {node["name"]: node["unique_id"] in listed for node in nodes}
    return ", ".join(f"[{name}](#{name})" if names[name] else f"`{name}`" for name in sorted(names))


def _described(column: Mapping[str, Any], tests: Iterable[Mapping[str, Any]]) -> str:
    text = _text(column["description"])
    for test in _tests_of(column["name"], tests, "accepted_values"):
        text += f" One of {', '.join(_code(value) for value in test['test_metadata']['kwargs']['values'])}."
    return text


def _keys(column: Mapping[str, Any], tests: Iterable[Mapping[str, Any]]) -> str:
    tests = list(tests)
    name = column["name"]
    is_unique = any(_tests_of(name, tests, "unique"))
    is_constrained = any(constraint["type"] == "not_null" for constraint in column["constraints"])
    is_set = is_constrained or any(_tests_of(name, tests, "not_null"))
    words = ["key" if is_set else "unique"] if is_unique else []
    for test in _tests_of(name, tests, "relationships"):
        target = test["test_metadata"]["kwargs"]["to"].split("'")[1]
        words.append(f"→ [{target}](#{target})")
    if is_set and not is_unique:
        words.append("not null")
    return ", ".join(words)


def _tests_of(column: str, tests: Iterable[Mapping[str, Any]], kind: str) -> Iterator[Mapping[str, Any]]:
    return (test for test in tests if test["column_name"] == column and test["test_metadata"]["name"] == kind)


def _code(text: object) -> str:
    return f"`{text}`" if text else ""


def _text(text: str) -> str:
    """One line of prose, in which no sign but a backtick means anything to Markdown or its tables."""
    line = " ".join(text.split())
    for sign in "\\|*<":
        line = line.replace(sign, f"\\{sign}")
    return line.replace("Grain - ", "**Grain:** ")


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
