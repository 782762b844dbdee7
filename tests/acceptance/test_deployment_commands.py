"""The commands of docker-compose.yml and of the systemd units, as processes of this machine.

They run as they stand there, with the environment that their service has there and no other. Only what a container
would provide is put in its place: names of hosts, ports, and the folders of its volumes.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from dagster_interface import LAUNCH, STATUS, Interface
from factories import PROJECT
from medical_telegram_warehouse.api.edge.keys import new_key
from medical_telegram_warehouse.postgres.connection import connect
from medical_telegram_warehouse.postgres.embedded import bundled_binaries
from medical_telegram_warehouse.records import DatabaseAddress
from ports import free_port
from waiting import wait_for

BIN = Path(sys.executable).parent
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text("utf-8"))["services"]
UNITS = PROJECT / "deploy" / "systemd"
SERVER = "/srv/medical-telegram-warehouse"
JOB = "medical_telegram_warehouse_pipeline"
LOCATION = {"repositoryLocationName": "dagster_defs.py", "repositoryName": "__repository__"}
DATABASE = "deployed"
JOBS = "query ($selector: RepositorySelector!) { repositoryOrError(repositorySelector: $selector) { %s } }"
HEALTH = "{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } } }"


def image_environment() -> dict[str, str]:
    """What the Dockerfile's last stage sets."""
    stage = (PROJECT / "Dockerfile").read_text("utf-8").rpartition("\nFROM ")[2]
    [block] = re.findall(r"^ENV ((?:.*\\\n)*.*)$", stage, re.MULTILINE)
    return dict(assignment.split("=", 1) for assignment in block.replace("\\\n", " ").split())


class Deployment:
    """The services of docker-compose.yml.

    Args:
        folder: stands for the volumes.
        database: stands for the service `postgres`.
        variables: what .env would hold.
    """

    def __init__(self, folder: Path, database: DatabaseAddress, variables: dict[str, str]) -> None:
        self.folder = folder
        self.ports = {port: str(free_port()) for port in ("3000", "4000", "8000", "9090")}
        self._variables = variables
        self._places = {"/app/.venv/bin": str(BIN), "/app": str(PROJECT)}
        self._values = {"postgres": database.host, "5432": str(database.port), "8000": self.ports["8000"]}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        workspace = (PROJECT / "deploy/dagster/workspace.compose.yaml").read_text("utf-8")
        workspace = workspace.replace("host: code-location", "host: 127.0.0.1").replace("4000", self.ports["4000"])
        (folder / "workspace.yaml").write_text(workspace, "utf-8")

    def environment(self, name: str) -> dict[str, str]:
        service = SERVICES[name]
        # PGPORT is where its own container has the database; there it is the default.
        postgres = {"PATH": f"{bundled_binaries()[-1]}:$PATH", "PGPORT": self._values["5432"]}
        found = image_environment() if "build" in service else postgres
        for variable, value in service.get("environment", {}).items():
            if value is None:
                if variable in self._variables:
                    found[variable] = self._variables[variable]
            else:
                found[variable] = self._interpolated(value)
        for place, folder in self._places.items():
            found = {key: value.replace(place, folder) for key, value in found.items()}
        mounted = {volume.split(":")[1]: str(self.folder / volume.split(":")[0]) for volume in service["volumes"]}
        volumes = {"DATA_DIR": mounted.get("/app/data"), "DAGSTER_HOME": mounted.get("/app/.dagster")}
        found |= {variable: path for variable, path in volumes.items() if path is not None}
        found["PATH"] = found["PATH"].replace("$PATH", os.environ["PATH"])
        return {"HOME": str(self.folder), "MODELS_DIR": self._variables["MODELS_DIR"], **found}

    def _interpolated(self, value: str) -> str:
        value = re.sub(r"\$\{(\w+):-(.*?)\}", lambda found: self._variables.get(found[1]) or found[2], value)
        return self._values.get(value, value)

    def command(self, words: list[str]) -> list[str]:
        """With our ports and files; what asks for no key listens to this machine alone."""
        found = []
        for word in words:
            text = re.sub(r"(?<=:)(3000|8000)(?=/)", lambda port: self.ports[str(port[1])], word)
            text = self.ports.get(text, text).replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - replaced
            found.append(
                str(self.folder / "workspace.yaml") if text == "deploy/dagster/workspace.compose.yaml" else text
            )
        return found

    def start(self, name: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            command = self.command(SERVICES[name]["command"])
            process = subprocess.Popen(command, cwd=PROJECT, env=self.environment(name), stdout=log, stderr=log)
        self.processes[name] = process
        return process

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8")

    def health(self, name: str) -> int:
        """The exit code of the service's health check."""
        kind, *words = SERVICES[name]["healthcheck"]["test"]
        command = self.command(words) if kind == "CMD" else ["sh", "-c", words[0].replace("$$", "$")]
        done = subprocess.run(
            command, cwd=PROJECT, env=self.environment(name), capture_output=True, timeout=60, check=False
        )
        return done.returncode

    def wait_until_healthy(self, name: str) -> None:
        def is_healthy() -> bool:
            assert self.processes[name].poll() is None, self.log(name)
            return self.health(name) == 0

        wait_for(is_healthy)

    def stop(self, name: str) -> int:
        process = self.processes.pop(name)
        process.terminate()
        return process.wait(timeout=120)

    @property
    def interface(self) -> Interface:
        """Dagster's, behind the webserver."""
        return Interface(int(self.ports["3000"]))

    def is_loaded(self) -> bool:
        found = self.interface.ask(JOBS % "__typename", selector=LOCATION)["repositoryOrError"]
        return bool(found["__typename"] == "Repository")

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """The dashboard's and the API's answer."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports['8000']}{path}", headers=headers)
        try:
            with closing(urllib.request.urlopen(request, timeout=60)) as answer:  # noqa: S310
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()


@pytest.fixture(scope="module")
def key() -> tuple[str, str]:
    """A key, and what API_KEYS has of it."""
    key, kept = new_key("prometheus", allows_contacts=False)
    return key, str(kept)


@pytest.fixture(scope="module")
def deployment(
    server: DatabaseAddress, tmp_path_factory: pytest.TempPathFactory, models_dir: Path, key: tuple[str, str]
) -> Iterator[Deployment]:
    """Prepared, and every service of ours running and healthy."""
    with connect(server._replace(database="postgres")) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
    variables = {
        "POSTGRES_DB": DATABASE,
        "POSTGRES_USER": server.user,
        "POSTGRES_PASSWORD": server.password.get_secret_value(),
        "TELEGRAM_SOURCE": "sample",
        "SAMPLE_MESSAGES": "150",
        "SAMPLE_DATE": "2026-10-01",
        "MODELS_DIR": str(models_dir),
        "API_KEYS": key[1],
    }
    deployment = Deployment(tmp_path_factory.mktemp("deployment"), server, variables)
    try:
        assert [deployment.health(name) for name in ("code-location", "webserver", "api")] == [1, 1, 1]
        assert deployment.start("prepare").wait(timeout=120) == 0, deployment.log("prepare")
        del deployment.processes["prepare"]
        for name in ("code-location", "api", "webserver", "daemon"):
            deployment.start(name)
        for name in ("code-location", "api", "webserver", "daemon"):
            deployment.wait_until_healthy(name)
        yield deployment
    finally:
        for name in reversed(list(deployment.processes)):
            deployment.stop(name)


@pytest.fixture(scope="module")
def run_status(deployment: Deployment) -> str:
    """What became of a run that was launched in the UI, and whose code location was stopped meanwhile."""
    wait_for(deployment.is_loaded)
    launched = deployment.interface.ask(LAUNCH, selector={**LOCATION, "jobName": JOB})["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched

    def status() -> str:
        return str(deployment.interface.ask(STATUS, id=launched["run"]["runId"])["runOrError"]["status"])

    wait_for(lambda: status() not in ("QUEUED", "NOT_STARTED", "STARTING"))
    assert deployment.stop("code-location") == 0
    return status()


def test_preparing_once_more_changes_nothing(deployment: Deployment) -> None:
    configured = deployment.folder / "dagster" / "dagster.yaml"
    before = configured.stat().st_mtime_ns
    assert deployment.start("prepare").wait(timeout=120) == 0
    del deployment.processes["prepare"]
    assert configured.stat().st_mtime_ns == before
    again = deployment.log("prepare").rpartition("Dagster's instance")[0].rpartition("manifest.json")[2]
    assert "database migrated" not in again


def test_the_databases_health_check_passes_while_it_answers(deployment: Deployment) -> None:
    assert deployment.health("postgres") == 0


def test_the_databases_options_are_some_that_postgresql_knows(server: DatabaseAddress) -> None:
    names = [option.partition("=")[0] for option in SERVICES["postgres"]["command"] if "=" in option]
    with connect(server) as connection:
        known = connection.execute("SELECT name FROM pg_settings WHERE name = ANY(%s)", [names]).fetchall()
    assert sorted(name for (name,) in known) == sorted(names)


def test_the_ui_lists_our_job_with_its_schedules_on(deployment: Deployment) -> None:
    wait_for(deployment.is_loaded)
    fields = "... on Repository { jobs { name } schedules { name scheduleState { status } } }"
    found = deployment.interface.ask(JOBS % fields, selector=LOCATION)["repositoryOrError"]
    assert JOB in {job["name"] for job in found["jobs"]}
    states = {each["name"]: each["scheduleState"]["status"] for each in found["schedules"]}
    assert states["daily_pipeline_schedule"] == "RUNNING"


def test_the_daemon_reports_every_part_of_itself_as_well(deployment: Deployment) -> None:
    def parts() -> list[dict[str, Any]]:
        health = deployment.interface.ask(HEALTH)["instance"]["daemonHealth"]["allDaemonStatuses"]
        return [part for part in health if part["required"]]

    wait_for(lambda: all(part["healthy"] for part in parts()))
    assert {"SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR", "MONITORING"} <= {part["daemonType"] for part in parts()}


def test_the_api_asks_for_a_key_in_its_container(deployment: Deployment, key: tuple[str, str]) -> None:
    assert deployment.get("/health")[0] == 401
    assert deployment.get("/health", Authorization=f"Bearer {key[0]}")[0] == 200


def test_prometheus_may_ask_under_the_name_that_it_knows(deployment: Deployment, key: tuple[str, str]) -> None:
    authorized = {"Authorization": f"Bearer {key[0]}"}
    status, text = deployment.get("/metrics", Host="api:8000", **authorized)
    assert status == 200
    assert b"mtw_database_up 1.0" in text
    assert deployment.get("/metrics", Host="elsewhere:8000", **authorized)[0] == 400


def test_a_run_that_the_ui_launched_succeeds_although_its_code_location_is_stopped(
    deployment: Deployment, run_status: str
) -> None:
    """It ends when its run has ended, which is what the time to stop is for."""
    assert run_status == "SUCCESS", deployment.log("code-location")


def test_the_ui_finds_a_code_location_that_was_started_again(deployment: Deployment, run_status: str) -> None:
    if "code-location" not in deployment.processes:
        deployment.start("code-location")
    deployment.wait_until_healthy("code-location")
    wait_for(deployment.is_loaded)


def test_the_api_shows_what_the_run_brought_photos_included(
    deployment: Deployment, run_status: str, key: tuple[str, str]
) -> None:
    authorized = {"X-API-Key": key[0]}
    status, body = deployment.get("/api/images?limit=100", **authorized)
    assert status == 200
    image = next(image for image in json.loads(body)["images"] if image["image_status"] == "ok")
    status, picture = deployment.get(f"/api/images/{image['image_key']}/preview", **authorized)
    assert (status, picture[:4]) == (200, b"RIFF"), "a picture in WebP"


def test_nothing_is_written_but_to_the_volumes(deployment: Deployment, run_status: str) -> None:
    data = deployment.folder / "data"
    assert (data / "raw" / "telegram_messages").is_dir()
    assert (data / "processed" / "yolo_detections.csv").is_file()
    assert not (data / "postgres").exists(), "no embedded server stands in for the database"
    assert (deployment.folder / "dagster" / "history").is_dir()


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed")
def test_prometheus_starts_with_its_command(deployment: Deployment, tmp_path: Path) -> None:
    options = []
    for option in SERVICES["prometheus"]["command"]:
        name, _, value = option.partition("=")
        options.append(f"{name}={_mounted('prometheus', value, tmp_path) if value.startswith('/') else value}")
    address = f"127.0.0.1:{deployment.ports['9090']}"
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            ["prometheus", *options, f"--web.listen-address={address}"],  # noqa: S607 - found above
            stdout=log,
            stderr=log,
            cwd=tmp_path,
        )
    try:

        def is_ready() -> bool:
            assert process.poll() is None, (tmp_path / "log").read_text("utf-8")
            try:
                with urllib.request.urlopen(f"http://{address}/-/ready", timeout=10) as answer:
                    return bool(answer.status == 200)
            except OSError:
                return False

        wait_for(is_ready)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _mounted(name: str, path: str, volumes: Path) -> Path:
    """What a service finds at a path: a file of ours, or a volume."""
    volumes_of_it: list[str] = SERVICES[name]["volumes"]
    [source] = [volume.split(":")[0] for volume in volumes_of_it if volume.split(":")[1] == path]
    return PROJECT / source if source.startswith("./") else volumes / source


def test_the_unit_of_the_embedded_database_starts_names_and_stops_it(tmp_path: Path) -> None:
    lines = (UNITS / "mtw-database.service").read_text("utf-8").splitlines()
    unit = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "data"), "POSTGRES_PORT": str(free_port())}

    def call(directive: str) -> None:
        command = shlex.split(unit[directive].replace(f"{SERVER}/.venv/bin", str(BIN)))
        done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr

    call("ExecStart")
    try:
        pid_file = Path(unit["PIDFile"].replace(SERVER, str(tmp_path)))
        pid = int(pid_file.read_text("ascii").splitlines()[0])
        assert Path(f"/proc/{pid}/comm").read_text("ascii").strip() == "postgres"
    finally:
        call("ExecStop")
    wait_for(lambda: not pid_file.exists() and not Path(f"/proc/{pid}").exists())


@pytest.mark.parametrize("name", ["code-location", "webserver", "daemon", "api", "prepare"])
def test_the_units_run_the_same_commands_as_the_containers(name: str) -> None:
    unit = (UNITS / f"mtw-{name}.service").read_text("utf-8")
    [command] = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    container = shlex.join(SERVICES[name]["command"]).replace("workspace.compose.yaml", "workspace.yaml")
    assert command == f"{SERVER}/.venv/bin/" + container.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - compared
