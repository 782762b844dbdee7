"""docker-compose.yml, the Dockerfile and the systemd units are what their tools understand, and name what exists."""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from command_lines import parse_command
from factories import PROJECT
from medical_telegram_warehouse.settings import Settings

BIN = Path(sys.executable).parent
SERVER = "/srv/medical-telegram-warehouse"
UNITS = sorted((PROJECT / "deploy" / "systemd").iterdir())
SERVICE_UNITS = [unit for unit in UNITS if unit.suffix == ".service"]
COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
DOCKERFILE = (PROJECT / "Dockerfile").read_text("utf-8")
SETTINGS = {name.upper() for name in Settings.model_fields}
# Of https://hub.docker.com/_/postgres and of Grafana, and those that our files for Grafana ask for.
OF_IMAGES = {"POSTGRES_INITDB_ARGS", "GF_SECURITY_ADMIN_PASSWORD", "GF_ANALYTICS_REPORTING_ENABLED"}
OF_OUR_FILES = {"PROMETHEUS_URL", "MTW_DASHBOARDS"}
# Where things are in an image is the image's affair; answers for `mtw login` are no settings of a service.
FIXED = {"PROJECT_DIR", "DATA_DIR", "LAKE_DIR", "MODELS_DIR", "DAGSTER_HOME"}
OF_A_LOGIN = {"TELEGRAM_PHONE", "TELEGRAM_CODE", "TELEGRAM_PASSWORD"}


def run(*command: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, **more)


def directives(unit: Path) -> dict[str, str]:
    lines = unit.read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_the_compose_file_fits_composes_own_schema() -> None:
    checked = run(str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")
    assert checked.returncode == 0, checked.stdout


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not installed")
@pytest.mark.parametrize("options", [(), ("--profile", "monitoring")], ids=["alone", "monitoring"])
def test_docker_compose_reads_the_file_with_and_without_an_env_file(options: tuple[str, ...], tmp_path: Path) -> None:
    shutil.copy(PROJECT / "docker-compose.yml", tmp_path)
    for has_settings in (False, True):
        if has_settings:
            shutil.copy(PROJECT / ".env.example", tmp_path / ".env")
        read = subprocess.run(
            ["docker-compose", *options, "config"],  # noqa: S607 - found above
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        assert read.returncode == 0, read.stderr
        services = yaml.safe_load(read.stdout)["services"]
        assert services["code-location"]["environment"]["POSTGRES_HOST"] == "postgres"
        assert services["postgres"]["ports"] == ["127.0.0.1:5433:5432/tcp"]
        assert services["api"]["environment"]["API_HOST"] != "127.0.0.1", "it would answer inside its container alone"


def test_the_database_alone_needs_nothing_but_its_image() -> None:
    postgres = SERVICES["postgres"]
    assert not {"build", "depends_on", "secrets", "env_file", "profiles"} & set(postgres)
    assert "env_file" not in (PROJECT / "docker-compose.yml").read_text("utf-8"), "it must work without a .env"
    assert postgres["volumes"] == ["postgres:/var/lib/postgresql"], "where version 18 keeps its data"


def test_the_databases_clusters_are_made_alike_in_a_container_and_embedded() -> None:
    embedded = (PROJECT / "src/medical_telegram_warehouse/postgres/embedded.py").read_text("utf-8")
    postgres = SERVICES["postgres"]
    program, *options = postgres["command"]
    assert program == "postgres"
    for option in (*postgres["environment"]["POSTGRES_INITDB_ARGS"].split(), *options):
        assert option in embedded


@pytest.mark.parametrize("name", SERVICES)
def test_every_published_port_is_this_machines_alone(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


@pytest.mark.parametrize("name", SERVICES)
def test_every_variable_of_a_service_is_a_setting_or_one_of_its_image(name: str) -> None:
    assert set(SERVICES[name].get("environment", {})) <= SETTINGS | OF_IMAGES | OF_OUR_FILES


def test_variables_that_files_for_grafana_ask_for_are_set() -> None:
    files = (PROJECT / "deploy" / "grafana" / "provisioning").rglob("*.yml")
    asked = {name for file in files for name in re.findall(r"\$\{(\w+)\}", file.read_text("utf-8"))}
    assert asked == OF_OUR_FILES
    assert asked <= set(SERVICES["grafana"]["environment"])


def test_every_setting_reaches_the_service_that_reads_it() -> None:
    given = {name: set(SERVICES[name]["environment"]) for name in ("code-location", "api")}
    assert given["code-location"] | given["api"] == SETTINGS - FIXED - OF_A_LOGIN
    assert {name for name in SETTINGS if name.startswith("API_")} <= given["api"]
    assert SERVICES["prepare"]["environment"] == SERVICES["code-location"]["environment"]


def test_secrets_reach_only_the_services_that_need_them() -> None:
    for name in ("webserver", "daemon", "prometheus"):
        assert "environment" not in SERVICES[name]
    assert not {name for name in SERVICES["api"]["environment"] if name.startswith(("TELEGRAM_", "ALERT_"))}


def test_no_file_holds_a_password_but_the_documented_default() -> None:
    for text in (DOCKERFILE, *(unit.read_text("utf-8") for unit in UNITS)):
        assert not re.search(r"(?i)(password|secret|token|api_hash|session)\s*[=:]", text)
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|HASH|SESSION|KEYS|URLS", variable):
                assert value in (None, "${POSTGRES_PASSWORD:-medical_pass}"), (name, variable)


@pytest.mark.parametrize("name", OURS)
def test_our_services_share_one_image_and_give_up_every_right(name: str) -> None:
    service = SERVICES[name]
    assert (service["build"], service["image"]) == (".", "medical-telegram-warehouse:local")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_and_mounted_files_exist(name: str) -> None:
    service = SERVICES[name]
    image, _, tag = service["image"].partition(":")
    assert image
    assert tag not in ("", "latest")
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert (PROJECT / source).exists() if source.startswith("./") else source in COMPOSE["volumes"]


def test_prometheus_finds_its_key_where_its_configuration_says_and_git_does_not() -> None:
    configured = yaml.safe_load((PROJECT / "deploy/prometheus/prometheus.compose.yml").read_text("utf-8"))
    [scraped] = configured["scrape_configs"]
    [secret] = SERVICES["prometheus"]["secrets"]
    assert scraped["authorization"]["credentials_file"] == f"/run/secrets/{secret}"
    [[target]] = [each["targets"] for each in scraped["static_configs"]]
    host = target.partition(":")[0]
    assert host in SERVICES
    assert host in SERVICES["api"]["environment"]["API_ALLOWED_HOSTS"].split(",")
    assert set(SERVICES["prometheus"]["networks"]) & set(SERVICES[host]["networks"])
    ignored = (PROJECT / COMPOSE["secrets"][secret]["file"]).parent / ".gitignore"
    assert ignored.read_text("utf-8").splitlines()[-2:] == ["*", "!.gitignore"]


def test_monitoring_cannot_reach_the_database_or_dagster() -> None:
    for name in ("prometheus", "grafana"):
        assert SERVICES[name]["networks"] == ["monitoring"]
        assert SERVICES[name]["profiles"] == ["monitoring"]
    inside = [name for name, service in SERVICES.items() if "monitoring" in service.get("networks", [])]
    assert sorted(inside) == ["api", "grafana", "prometheus"]


def test_the_dockerfile_is_clean_to_its_linter() -> None:
    linted = run(str(BIN / "hadolint"), "--failure-threshold", "style", "Dockerfile")
    assert linted.returncode == 0, linted.stdout


def test_the_image_runs_as_a_user_without_rights_over_the_code() -> None:
    [user] = re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE)
    assert int(user) > 0
    [owned] = re.findall(r"chown -R mtw:mtw (.*)$", DOCKERFILE, re.MULTILINE)
    assert owned.split() == ["data", ".dagster", "target"]
    written = {volume.split(":")[1] for name in OURS for volume in SERVICES[name].get("volumes", [])}
    assert written == {"/app/data", "/app/.dagster"}


def is_in_the_build_context(path: str) -> bool:
    """As Docker reads .dockerignore: the last line that fits a path or a folder above it decides."""
    answer = True
    parts = path.split("/")
    above = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    for line in (PROJECT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        if line.startswith("#") or not line:
            continue
        fits = [fnmatch.fnmatch(each.rsplit("/", 1)[-1] if "**/" in line else each, pattern) for each in above]
        if any(fits):
            answer = line.startswith("!")
    return answer


def test_the_build_context_holds_what_is_copied_and_nothing_that_is_secret_or_large() -> None:
    copied = [
        source
        for line in re.findall(r"^COPY (?!--)(.*)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
        if source != "deploy"  # only parts of it
    ]
    assert copied
    used = ["deploy/prepare.py", "deploy/healthcheck.py", "deploy/dagster/workspace.compose.yaml"]
    for path in (*copied, *used, "src/medical_telegram_warehouse/settings.py", "warehouse/seeds/product_answers.csv"):
        assert (PROJECT / path).exists()
        assert is_in_the_build_context(path), path
    kept_out = (".env", "data/raw", ".dagster", ".git/config", "models/x.onnx", "tests", "target", ".venv", "secrets")
    for path in (*kept_out, "deploy/secrets/metrics_api_key", "src/medical_telegram_warehouse/__pycache__/x.pyc"):
        assert not is_in_the_build_context(path), path


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text("utf-8").replace(SERVER, str(PROJECT)), "utf-8")
    verified = run("systemd-analyze", "verify", *(str(tmp_path / unit.name) for unit in UNITS))
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("unit", SERVICE_UNITS, ids=lambda unit: str(unit.name))
def test_systemd_calls_every_service_well_protected(unit: Path) -> None:
    judged = run("systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit))
    assert judged.returncode == 0, judged.stdout


def test_the_target_wants_every_service_and_stops_it() -> None:
    wanted = directives(PROJECT / "deploy/systemd/mtw.target")["Wants"].split()
    # These two are wanted by the others.
    assert {unit.name for unit in SERVICE_UNITS} - set(wanted) == {"mtw-prepare.service", "mtw-database.service"}
    for unit in SERVICE_UNITS:
        assert "mtw.target" in directives(unit)["PartOf"].split()


@pytest.mark.parametrize("unit", SERVICE_UNITS, ids=lambda unit: str(unit.name))
def test_a_unit_runs_as_our_user_and_writes_only_into_folders_of_the_project(unit: Path) -> None:
    found = directives(unit)
    assert (found["User"], found["Group"], found["WorkingDirectory"]) == ("mtw", "mtw", SERVER)
    variables = {assignment.partition("=")[0] for assignment in found["Environment"].split()}
    assert variables - {"PYTHONUNBUFFERED"} <= SETTINGS
    assert {Path(path).parent.as_posix() for path in found["ReadWritePaths"].split()} == {SERVER}


def test_both_workspaces_name_the_code_location_alike_and_where_it_listens() -> None:
    folder = PROJECT / "deploy" / "dagster"
    machine, container = (
        yaml.safe_load((folder / name).read_text("utf-8"))["load_from"][0]["grpc_server"]
        for name in ("workspace.yaml", "workspace.compose.yaml")
    )
    assert machine.pop("host") == "127.0.0.1"
    assert container.pop("host") in SERVICES
    assert machine == container
    listening = [str(part) for part in SERVICES["code-location"]["command"]]
    assert listening[listening.index("-p") + 1] == str(machine["port"])
    assert (
        f"-h 127.0.0.1 -p {machine['port']} "
        in directives(folder.parent / "systemd/mtw-code-location.service")["ExecStart"]
    )


def commands() -> list[list[str]]:
    found = [service["command"] for name, service in SERVICES.items() if name in OURS]
    found += [
        service["healthcheck"]["test"][1:]
        for name, service in SERVICES.items()
        if name in OURS and "test" in service["healthcheck"]
    ]
    for unit in SERVICE_UNITS:
        found += [shlex.split(value) for name, value in directives(unit).items() if name in ("ExecStart", "ExecStop")]
    found += [yaml.safe_load(each) for each in re.findall(r"^\s*CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)]
    return found


@pytest.mark.parametrize("command", commands(), ids=shlex.join)
def test_every_command_is_one_that_exists_with_options_that_it_has(command: list[str]) -> None:
    if command[0].startswith("/"):
        assert command[0].startswith(f"{SERVER}/.venv/bin/")
    parse_command(command)
