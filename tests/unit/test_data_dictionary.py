"""The data dictionary: the page that is committed, and the command that writes it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from medical_telegram_warehouse.errors import TransformError
from medical_telegram_warehouse.transform import parse_manifest
from medical_telegram_warehouse.transform.dictionary import DICTIONARY_FILE, render_dictionary, write_dictionary

PROJECT = Path(__file__).resolve().parents[2]
MTW = Path(sys.executable).with_name("mtw")


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return dict(json.loads(parse_manifest(PROJECT).read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def page(manifest: Mapping[str, Any]) -> str:
    return render_dictionary(manifest)


def section(page: str, table: str) -> str:
    """From a table's heading to the next one."""
    return page.split(f"\n### {table}\n")[1].split("\n#", maxsplit=1)[0]


def test_the_committed_page_says_what_the_project_says(page: str) -> None:
    """Nobody remembers to write it again; this does."""
    committed = (PROJECT / DICTIONARY_FILE).read_text(encoding="utf-8")
    assert committed == page, "the descriptions in warehouse/ have changed: run `mtw dictionary` and commit the page"


def test_every_mart_seed_and_staging_view_has_a_section_and_no_step_on_the_way_has(
    page: str, manifest: Mapping[str, Any]
) -> None:
    schemas = ("marts", "seeds", "staging")
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]
    assert sorted(re.findall(r"^### (\w+)$", page, re.MULTILINE)) == sorted(
        node["name"] for node in nodes if node["schema"] in schemas
    )


def test_every_link_leads_to_a_heading_or_a_file(page: str) -> None:
    headings = set(re.findall(r"^### (\w+)$", page, re.MULTILINE))
    targets = set(re.findall(r"\]\(([^)]+)\)", page))
    assert {target[1:] for target in targets if target.startswith("#")} <= headings
    assert all((PROJECT / "docs" / target).is_file() for target in targets if not target.startswith("#"))


def test_each_row_of_a_table_has_its_cells(page: str) -> None:
    """A stroke in a description would push the rest of it out of its column."""
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1, table


def test_columns_tell_their_type_values_and_keys(page: str) -> None:
    messages = section(page, "fct_messages")
    assert "**Grain:** one row per channel_name and message_id" in messages
    assert "Incremental table, made of [stg_offers__message_genres](#stg_offers__message_genres), " in messages
    assert "read by Dashboard, HTTP API" in messages
    assert re.search(r"^\| `message_key` \| `text` \| .+ \| key \|$", messages, re.MULTILINE)
    assert re.search(r"^\| `date_key` .+ \| → \[dim_dates\]\(#dim_dates\), not null \|$", messages, re.MULTILINE)
    assert "One of `single_product_ad`, `price_list`" in messages
    assert "key: check_name and detail together" in section(page, "rpt_data_quality")
    assert re.search(
        r"^\| `message_key` .+ \| → \[fct_messages\]\(#fct_messages\) \|$", section(page, "fct_images"), re.M
    )
    assert "Seed; read by [dim_channels](#dim_channels)." in section(page, "channel_types")
    assert "A view of `raw.telegram_messages`: `channel_name`, " in section(page, "stg_telegram__messages")


def test_signs_of_markdown_in_a_description_are_signs_and_nothing_else(manifest: Mapping[str, Any]) -> None:
    changed = json.loads(json.dumps(manifest))
    [model] = [node for node in changed["nodes"].values() if node["name"] == "dim_dates"]
    model["columns"]["year"]["description"] = "a|b\n *c*  <d>"
    assert r"| a\|b \*c\* \<d> |" in section(render_dictionary(changed), "dim_dates")


def test_the_command_writes_the_page_and_says_what_it_wrote(tmp_path: Path, page: str) -> None:
    """Without a database: none of these settings leads to one."""
    target = tmp_path / "page.md"
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200", "POSTGRES_PORT": "1"}
    command = [str(MTW), "dictionary", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=True)
    assert target.read_text(encoding="utf-8") == page
    assert str(target) in done.stdout
    assert re.match(r"\d+ tables with \d+ columns", done.stdout)


def test_a_page_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(TransformError, match=r"missing.page\.md cannot be written: No such file"):
        write_dictionary(PROJECT, tmp_path / "missing" / "page.md")
