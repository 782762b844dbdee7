"""`mtw doctor`: looks at everything a run needs, and says how to mend what is wrong."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape

from medical_telegram_warehouse.cli.console import configure_logging
from medical_telegram_warehouse.errors import SettingsError, WarehouseError
from medical_telegram_warehouse.settings import Settings, load_settings

_MINIMUM_FREE_GB = 2
_GB = 1 << 30
_MARKS = {"ok": "[green]ok  [/]", "warn": "[yellow]warn[/]", "fail": "[bold red]fail[/]"}


@dataclass(frozen=True)
class Finding:
    """One check: `level` is ok, warn or fail; `mend` says what to do unless it is ok."""

    check: str
    level: str
    text: str
    mend: str = ""


def examine() -> list[Finding]:
    """Check everything; a check that cannot go on is a finding, never a crash."""
    python = Finding("Python", "ok", f"{platform.python_version()} at {sys.prefix}")
    try:
        settings = load_settings()
    except SettingsError as error:
        return [python, Finding("settings", "fail", str(error), "change them in .env or the environment")]
    configure_logging(settings.model_copy(update={"log_level": "ERROR"}))
    env_file = settings.project_dir / ".env"
    where = (
        f"read from the environment and {env_file}" if env_file.exists() else "defaults and the environment; no .env"
    )
    findings = [python, Finding("settings", "ok", where)]
    checks: list[tuple[str, Callable[[Settings], Finding]]] = [
        ("data folder", _data_folder),
        ("disk space", _disk_space),
        ("database", _database),
        ("dbt project", _dbt_project),
        ("weights", _weights),
        ("source", _source),
    ]
    for name, check in checks:
        try:
            findings.append(check(settings))
        except WarehouseError as error:
            findings.append(Finding(name, "fail", str(error)))
    return findings


def _data_folder(settings: Settings) -> Finding:
    from medical_telegram_warehouse.steps import ensure_data_folder, lakes_of

    ensure_data_folder(settings)
    lost = [lake for lake in lakes_of(settings)[1:] if not lake.is_reachable]
    if lost:
        names = ", ".join(f"{lake.name} ({lake.root})" for lake in lost)
        return Finding("data folder", "warn", f"connected lakes that are not there: {names}", "mount or restore them")
    return Finding("data folder", "ok", f"{settings.data_dir} can be written")


def _disk_space(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.data_dir).free / _GB
    text = f"{free:,.1f} GB free at {settings.data_dir}"
    if free < _MINIMUM_FREE_GB:
        return Finding("disk space", "warn", text, "free some space, or set DATA_DIR to a larger disk")
    return Finding("disk space", "ok", text)


def _database(settings: Settings) -> Finding:
    from medical_telegram_warehouse.postgres.connection import connect, is_listening
    from medical_telegram_warehouse.postgres.embedded import EmbeddedServer, is_local

    address = settings.database
    if is_local(address.host) and not is_listening(address.host, address.port):
        exists = (EmbeddedServer(settings.data_dir, address).cluster / "PG_VERSION").exists()
        what = "has its data" if exists else "will be made"
        return Finding(
            "database", "ok", f"nothing listens at {address}; the embedded server {what}, `mtw run` starts it"
        )
    with connect(address) as connection:
        version = connection.info.parameter_status("server_version")
        row = connection.execute("SELECT has_database_privilege(current_database(), 'CREATE')").fetchone()
    if row is None or not row[0]:
        mend = f"GRANT CREATE ON DATABASE {address.database} TO {address.user};"
        return Finding("database", "fail", f"{address} does not let {address.user} create schemas", mend)
    return Finding("database", "ok", f"PostgreSQL {version} answers at {address}")


def _dbt_project(settings: Settings) -> Finding:
    from medical_telegram_warehouse.transform import parse_manifest

    return Finding("dbt project", "ok", f"parses; manifest at {parse_manifest(settings.project_dir)}")


def _weights(settings: Settings) -> Finding:
    from medical_telegram_warehouse.errors import ModelError
    from medical_telegram_warehouse.vision.weights import KNOWN_MODELS, resolve_model

    try:
        model = resolve_model(settings.yolo_model, settings.models_dir, settings.project_dir)
    except ModelError as error:
        level = "warn" if settings.yolo_model in KNOWN_MODELS else "fail"
        return Finding(
            "weights", level, str(error), "mtw detect --fetch-weights" if level == "warn" else "set YOLO_MODEL"
        )
    return Finding("weights", "ok", f"{model.name} at {model.path}")


def _source(settings: Settings) -> Finding:
    if settings.telegram_source == "telegram" or (
        settings.telegram_source == "auto" and settings.has_telegram_credentials
    ):
        mend = "set TELEGRAM_SOURCE=sample, or TELEGRAM_SOURCE=lake and SOURCE_LAKE"
        return Finding("source", "fail", "Telegram itself cannot be read by this version yet", mend)
    half = (settings.telegram_api_id is None) != (settings.telegram_api_hash is None)
    if half:
        mend = "set both TELEGRAM_API_ID and TELEGRAM_API_HASH (from my.telegram.org), or neither"
        return Finding("source", "warn", "one half of the Telegram credentials is missing", mend)
    if settings.telegram_source == "lake" and settings.source_lake is None:
        return Finding("source", "fail", "TELEGRAM_SOURCE is lake, but SOURCE_LAKE is not set", "set it to a folder")
    name = "sample" if settings.telegram_source == "auto" else settings.telegram_source
    return Finding("source", "ok", f"{name} (no Telegram credentials are set)")


def print_findings(console: Console, findings: list[Finding]) -> None:
    """Print one line a check, and how to mend it."""
    for finding in findings:
        console.print(f"{_MARKS[finding.level]}  [bold]{finding.check:12}[/] {escape(finding.text)}", soft_wrap=True)
        if finding.mend:
            console.print(f"      {'':12} mend: {escape(finding.mend)}", soft_wrap=True)
    failed = sum(finding.level == "fail" for finding in findings)
    console.print(f"\n{failed} to mend" if failed else "\neverything that a run needs is there")
