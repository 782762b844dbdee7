"""The files of deploy/ and what docs/metrics.md shows are what their tools understand, and say the same."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from factories import PROJECT

RULES = PROJECT / "deploy" / "prometheus" / "alerts.yml"
CONFIGURATIONS = ("prometheus.yml", "prometheus.compose.yml")
DASHBOARD = PROJECT / "deploy" / "grafana" / "dashboards" / "medical-telegram-warehouse.json"
DOCUMENT = (PROJECT / "docs" / "metrics.md").read_text("utf-8")
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def alerts() -> list[dict[str, Any]]:
    return [rule for group in read(RULES)["groups"] for rule in group["rules"] if "alert" in rule]


def shown(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


def promtool(*arguments: str) -> None:
    found = subprocess.run([str(PROMTOOL), *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


COMMANDS = [line for block in shown("sh") for line in block.splitlines() if line.startswith("promtool ")]


@needs_promtool
@pytest.mark.parametrize("command", COMMANDS)
def test_the_shown_commands_pass(command: str) -> None:
    """One of them tests that the rules fire when they should, and only then."""
    promtool(*command.split()[1:])


def test_the_rules_are_among_what_the_shown_commands_test() -> None:
    assert [command.split()[1:3] for command in COMMANDS] == [["check", "config"], ["test", "rules"]]


@needs_promtool
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_prometheus_takes_each_configuration(name: str) -> None:
    # Only the container has the file with the key.
    promtool("check", "config", "--syntax-only", f"deploy/prometheus/{name}")


def test_both_configurations_differ_only_in_where_the_service_is() -> None:
    found = [read(PROJECT / "deploy" / "prometheus" / name) for name in CONFIGURATIONS]
    [target], [container] = (each["scrape_configs"] for each in found)
    assert [each["rule_files"] for each in found] == [["alerts.yml"]] * 2
    assert found[0]["global"] == found[1]["global"]
    assert target.pop("static_configs") == [{"targets": ["127.0.0.1:8000"]}]
    assert container.pop("static_configs") == [{"targets": ["api:8000"]}]
    assert container.pop("authorization")["credentials_file"]
    assert target == container


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_each_alert_says_how_bad_it_is_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert set(alert["annotations"]) == {"summary", "description", "what_to_do", "documentation"}
    page, _, anchor = alert["annotations"]["documentation"].partition("#")
    assert page == "docs/metrics.md"
    assert anchor == alert["alert"].lower()
    [line] = [line for line in DOCUMENT.splitlines() if f'<a id="{anchor}"></a>' in line]
    assert f"`{alert['alert']}` | {alert['labels']['severity']} |" in line


def test_each_alert_is_seen_firing_in_the_rules_tests() -> None:
    tests = (PROJECT / "deploy" / "prometheus" / "alerts_test.yml").read_text("utf-8")
    assert {alert["alert"] for alert in alerts()} <= set(re.findall(r"alertname[=:] ?\"?(\w+)", tests))


def test_panels_have_numbers_of_their_own_and_do_not_cover_each_other() -> None:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        is_beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        is_above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert is_beside or is_above, (one, other)
    assert max(panel["gridPos"]["x"] + panel["gridPos"]["w"] for panel in panels) <= 24


def test_every_panel_asks_the_data_source_that_was_chosen() -> None:
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    assert {"datasource", "job"} == {each["name"] for each in dashboard["templating"]["list"]}
    for panel in dashboard["panels"]:
        if panel["type"] != "row":
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
            assert panel["targets"], panel["title"]
            assert all(target["expr"] for target in panel["targets"])


def test_grafana_is_told_where_prometheus_and_the_dashboards_are() -> None:
    folder = PROJECT / "deploy" / "grafana" / "provisioning"
    [source] = read(folder / "datasources" / "prometheus.yml")["datasources"]
    [provider] = read(folder / "dashboards" / "medical-telegram-warehouse.yml")["providers"]
    assert (source["type"], source["url"]) == ("prometheus", "${PROMETHEUS_URL}")
    assert (provider["type"], provider["options"]) == ("file", {"path": "${MTW_DASHBOARDS}"})
    assert "PROMETHEUS_URL=" in DOCUMENT
    assert "MTW_DASHBOARDS=" in DOCUMENT


def test_the_shown_configurations_have_the_parts_that_their_tools_need() -> None:
    datadog, collector = (yaml.safe_load(text) for text in shown("yaml"))
    [instance] = datadog["instances"]
    assert {"openmetrics_endpoint", "namespace", "metrics"} <= set(instance)
    assert all(re.compile(name) for name in instance["metrics"])
    assert not [name for name in instance["metrics"] if name.endswith("_total")], "the Agent names them without"
    [pipeline] = collector["service"]["pipelines"].values()
    for kind, names in pipeline.items():
        assert set(names) <= set(collector[kind]), kind


@needs_promtool
def test_the_collectors_scrape_configuration_is_one_of_prometheus(tmp_path: Path) -> None:
    collector = yaml.safe_load(shown("yaml")[1])
    path = tmp_path / "prometheus.yml"
    path.write_text(yaml.safe_dump(collector["receivers"]["prometheus"]["config"]), "utf-8")
    promtool("check", "config", str(path))
