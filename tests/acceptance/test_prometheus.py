"""A real Prometheus reads a real service, after a real run, with the files of deploy/: it sees figures, and alerts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from api_service import options_of
from conftest import free_port
from factories import PROJECT, lake_file
from medical_telegram_warehouse.api.edge.keys import new_key
from medical_telegram_warehouse.api.server import listen, server_of
from medical_telegram_warehouse.records import DatabaseAddress
from medical_telegram_warehouse.settings import Settings
from pipeline_runs import connect, run_once, settings_with_database
from waiting import wait_for

DEPLOY = PROJECT / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "medical-telegram-warehouse.json").read_text("utf-8"))
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8"))
PROMETHEUS = shutil.which("prometheus")
NAME = re.compile(r"\bmtw_[a-z_]+")
# Of a warehouse in which nothing went wrong, and which has one run, these say nothing.
SILENT = {"mtw_run_active_since_timestamp_seconds", "mtw_last_killed_timestamp_seconds", "mtw_step_usual_seconds"}
pytestmark = pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed")


def expressions() -> list[str]:
    """Of the dashboard as Grafana would ask them, with its variables filled in."""
    found = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
    found += [each["expr"] for each in DASHBOARD["annotations"]["list"]]
    return [expr.replace("$__rate_interval", "1m").replace("$job", "medical-telegram-warehouse") for expr in found]


def rules() -> list[dict[str, Any]]:
    return [rule for group in ALERTS["groups"] for rule in group["rules"]]


class Service:
    """A service that may be stopped."""

    def __init__(self, settings: Settings) -> None:
        key, kept = new_key("prometheus", allows_contacts=False)
        self.key = key
        self._server = server_of(options_of(settings, keys=(kept,), require_key=True))
        self._open = ExitStack()
        listener = self._open.enter_context(listen("127.0.0.1", 0))
        self.address = f"127.0.0.1:{listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        wait_for(lambda: self._server.started)

    def metrics(self) -> dict[str, set[frozenset[tuple[str, str]]]]:
        """Names of samples with the labels that each has."""
        headers = {"Authorization": f"Bearer {self.key}", "Accept": "application/openmetrics-text"}
        text = httpx.get(f"http://{self.address}/metrics", headers=headers, timeout=30).text
        found: dict[str, set[frozenset[tuple[str, str]]]] = {}
        for family in text_string_to_metric_families(text):  # type: ignore[no-untyped-call]
            for sample in family.samples:
                found.setdefault(sample.name, set()).add(frozenset(sample.labels.items()))
        return found

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=30)
        self._open.close()


class Prometheus:
    """Its HTTP API."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=f"{url}/api/v1", timeout=30)

    def __enter__(self) -> Prometheus:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def is_ready(self) -> bool:
        try:
            return self._client.get("/status/runtimeinfo").status_code == 200
        except httpx.TransportError:
            return False

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = self._client.post("/query", data={"query": expression}).json()
        assert answer["status"] == "success", (expression, answer)
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def health(self) -> list[str]:
        return [each["health"] for each in self._client.get("/targets").json()["data"]["activeTargets"]]

    def alerts(self) -> dict[str, str]:
        found = self._client.get("/alerts").json()["data"]["alerts"]
        return {each["labels"]["alertname"]: each["state"] for each in found}


def configured(folder: Path, service: Service) -> Path:
    """The files of deploy/ with the service's port and key, and with short times: a test waits for no three minutes."""
    configuration = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.compose.yml").read_text("utf-8"))
    [scraped] = configuration["scrape_configs"]
    assert scraped["authorization"]["credentials_file"] == "/run/secrets/metrics_api_key"
    scraped["static_configs"] = [{"targets": [service.address]}]
    scraped["authorization"]["credentials_file"] = str(folder / "key")
    (folder / "key").write_text(service.key + "\n", "utf-8")
    configuration["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    for rule in rules():
        if rule.get("alert") == "MtwServiceDown":
            rule["for"] = "3s"
    (folder / "alerts.yml").write_text(yaml.safe_dump(ALERTS), "utf-8")
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(configuration), "utf-8")
    return path


@contextmanager
def running(folder: Path, service: Service) -> Iterator[Prometheus]:
    address = f"127.0.0.1:{free_port()}"
    command = [
        str(PROMETHEUS),
        f"--config.file={configured(folder, service)}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--log.level=warn",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            with Prometheus(f"http://{address}") as prometheus:
                wait_for(lambda: _is_up(process, folder) and prometheus.is_ready())
                yield prometheus
        finally:
            process.terminate()
            process.wait(timeout=30)


def _is_up(process: subprocess.Popen[bytes], folder: Path) -> bool:
    assert process.poll() is None, (folder / "log").read_text("utf-8")
    return True


@pytest.fixture(scope="module")
def settings(server: DatabaseAddress, tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Settings:
    """Of a warehouse that `mtw run`'s job filled once."""
    settings = settings_with_database(
        "prometheus_sample",
        server,
        tmp_path_factory,
        models_dir=models_dir,
        telegram_source="sample",
        sample_messages=150,
        sample_date="2026-10-01",
    )
    # A reason for a record to be rejected; the sample gives none.
    lake_file(settings.lake_root, b"{broken\n", day="2026-09-30", name="test_shop.jsonl")
    report = run_once(settings)
    assert report.is_success
    return settings


@pytest.fixture(scope="module")
def service(settings: Settings) -> Iterator[Service]:
    service = Service(settings)
    wait_for(lambda: "mtw_http_requests_total" in service.metrics())  # it counts from its first request on
    yield service
    service.stop()


@pytest.fixture(scope="module")
def prometheus(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with running(tmp_path_factory.mktemp("prometheus"), service) as prometheus:
        wait_for(lambda: prometheus.health() == ["up"])
        yield prometheus


def names_of(expression: str) -> set[str]:
    # What a rule records itself has a colon.
    return set(NAME.findall(re.sub(r"\bmtw:[\w:]+", "", expression)))


def test_every_metric_that_an_alert_asks_for_is_exported(service: Service) -> None:
    asked = {name for rule in rules() for name in names_of(rule["expr"])}
    assert len(asked) > 10
    assert asked - set(service.metrics()) <= SILENT


def test_every_metric_that_the_dashboard_asks_for_is_exported(service: Service) -> None:
    asked = {name for expression in expressions() for name in names_of(expression)}
    assert len(asked) > 20
    assert asked - set(service.metrics()) <= SILENT


def test_every_metric_is_documented_with_its_labels_and_none_that_does_not_exist(service: Service) -> None:
    document = (PROJECT / "docs" / "metrics.md").read_text("utf-8")
    rows = re.findall(r"^\| `(mtw_\w+)` \| (\w+) \|([^|]*)\|", document, re.MULTILINE)
    documented = {name: set(re.findall(r"`(\w+)`", labels)) for name, _, labels in rows}
    # A histogram is several metrics under one name, and counters also tell when they began.
    exported = {
        name.removesuffix("_bucket"): {label for labels in found for label, _ in labels} - {"le"}
        for name, found in service.metrics().items()
        if not name.endswith(("_created", "_sum", "_count"))
    }
    assert set(exported) <= set(documented)
    assert set(documented) - set(exported) <= SILENT
    assert {name: documented[name] for name in exported} == exported


def test_prometheus_reads_what_the_run_left(prometheus: Prometheus) -> None:
    def last_success() -> list[dict[str, Any]]:
        return prometheus.query(
            'mtw_last_success_timestamp_seconds{run_job="medical_telegram_warehouse_pipeline"} > time() - 3600'
        )

    wait_for(lambda: len(last_success()) == 1)
    [status] = prometheus.query("mtw_last_run_status == 1")
    assert status["metric"]["status"] == "success"
    assert status["metric"]["job"] == "medical-telegram-warehouse", "Prometheus's own label stays what it is"
    steps = prometheus.query('mtw_step_attempts_total{status="success"}')
    assert {each["value"][1] for each in steps} == {"1"}
    assert len(steps) == 7


@pytest.mark.parametrize("expression", expressions())
def test_prometheus_understands_each_expression_of_the_dashboard(prometheus: Prometheus, expression: str) -> None:
    prometheus.query(expression)


def test_panels_of_a_warehouse_with_a_run_are_not_empty(prometheus: Prometheus) -> None:
    """But for those of what needs several runs, or several minutes."""
    patient = ("rate(", "delta(", "changes(", "mtw_step_usual_seconds")
    asked = [each for each in expressions() if not any(word in each for word in patient)]
    assert len(asked) > 15
    wait_for(lambda: bool(prometheus.query("mtw_rejected_records")))
    assert [each for each in asked if not prometheus.query(each)] == []


def test_an_alert_is_pending_and_then_fires_while_a_run_is_told_as_killed(
    prometheus: Prometheus, settings: Settings
) -> None:
    """The row that the next run writes about one whose process is gone; no service saw it die."""
    with connect(settings) as connection:
        connection.execute(
            "INSERT INTO ops.runs VALUES ('dead', 'scrape_only', 'schedule', 'killed', now(), now(), '{a}', 'gone')"
        )
    wait_for(lambda: prometheus.alerts().get("MtwRunKilled") == "firing")
    wait_for(lambda: prometheus.alerts().get("MtwRunFailed") in ("pending", "firing"))


def test_a_service_that_stops_is_told_and_nothing_else_is_blamed(settings: Settings, tmp_path: Path) -> None:
    service = Service(settings)
    seen: list[str] = []

    def alerts_are(state: str, prometheus: Prometheus) -> Callable[[], bool]:
        def look() -> bool:
            found = prometheus.alerts().get("MtwServiceDown")
            if found and found not in seen:
                seen.append(found)
            return found == state

        return look

    try:
        with running(tmp_path, service) as prometheus:
            wait_for(lambda: prometheus.health() == ["up"])
            assert "MtwServiceDown" not in prometheus.alerts()
            service.stop()
            wait_for(alerts_are("firing", prometheus))
            assert seen == ["pending", "firing"]
            wait_for(lambda: set(prometheus.alerts()) == {"MtwServiceDown"})
    finally:
        service.stop()
