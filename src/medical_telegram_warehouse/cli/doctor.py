"""`mtw doctor`: looks at everything a run needs, and says how to mend what is wrong."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape

from medical_telegram_warehouse.cli.console import use_logging
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
    use_logging(settings.model_copy(update={"log_level": "ERROR"}))
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
    from medical_telegram_warehouse.vision.models.weights import KNOWN_MODELS, resolve_model

    try:
        model = resolve_model(settings.yolo_model, settings.models_dir, settings.project_dir, may_export=False)
    except ModelError as error:
        level = "warn" if settings.yolo_model in KNOWN_MODELS else "fail"
        return Finding(
            "weights", level, str(error), "mtw detect --fetch-weights" if level == "warn" else "set YOLO_MODEL"
        )
    return Finding("weights", "ok", f"{model.name} at {model.path}")


def _source(settings: Settings) -> Finding:
    from medical_telegram_warehouse.sources.select import resolve_name
    from medical_telegram_warehouse.steps import source_options

    if (settings.telegram_api_id is None) != (settings.telegram_api_hash is None):
        mend = "set both TELEGRAM_API_ID and TELEGRAM_API_HASH (from my.telegram.org), or neither"
        return Finding("source", "warn", "one half of the Telegram credentials is missing", mend)
    name = resolve_name(source_options(settings))
    if name in ("telegram", "web") and not settings.telegram_channels:
        return Finding("source", "fail", f"{name}, but no channel is named", "set TELEGRAM_CHANNELS")
    match name:
        case "telegram":
            return _telegram(settings)
        case "web":
            return _web_preview(settings)
        case "lake" if settings.source_lake is None:
            return Finding(
                "source", "fail", "TELEGRAM_SOURCE is lake, but SOURCE_LAKE is not set", "set it to a folder"
            )
    return Finding("source", "ok", name if name == "lake" else f"{name} (no Telegram credentials, no channels are set)")


def _telegram(settings: Settings) -> Finding:
    """Connects, so it finds out what a run would."""
    import asyncio

    from medical_telegram_warehouse.sources.telegram.login import who_is_logged_in

    access = settings.telegram_access
    if access is None:
        mend = "set TELEGRAM_API_ID and TELEGRAM_API_HASH (from my.telegram.org), or use TELEGRAM_SOURCE=web"
        return Finding("source", "fail", "telegram, but its credentials are not set", mend)
    account = asyncio.run(who_is_logged_in(access))
    if account is None:
        return Finding("source", "fail", "telegram, but nobody is logged in", "mtw login")
    channels = len(settings.telegram_channels)
    server = f" at {settings.telegram_dc.host}:{settings.telegram_dc.port}" if settings.telegram_dc else ""
    return Finding("source", "ok", f"telegram{server} as {account}, {channels} channels")


def _web_preview(settings: Settings) -> Finding:
    import asyncio

    from medical_telegram_warehouse.errors import ChannelError
    from medical_telegram_warehouse.sources.select import choose_source
    from medical_telegram_warehouse.sources.web_preview import WebPreviewSource
    from medical_telegram_warehouse.steps import source_options

    first = settings.telegram_channels[0]

    async def describe() -> str:
        source = choose_source(source_options(settings)._replace(name="web"))
        assert isinstance(source, WebPreviewSource)  # noqa: S101 - as named
        async with source:
            return str((await source.describe(first)).title)

    try:
        title = asyncio.run(describe())
    except ChannelError as error:
        return Finding("source", "warn", str(error), "correct TELEGRAM_CHANNELS, or leave that channel out")
    return Finding("source", "ok", f"web: {settings.web_preview_url} answers, and shows {first!r} as {title!r}")


def print_findings(console: Console, findings: list[Finding]) -> None:
    """Print one line a check, and how to mend it."""
    for finding in findings:
        console.print(f"{_MARKS[finding.level]}  [bold]{finding.check:12}[/] {escape(finding.text)}", soft_wrap=True)
        if finding.mend:
            console.print(f"      {'':12} mend: {escape(finding.mend)}", soft_wrap=True)
    failed = sum(finding.level == "fail" for finding in findings)
    console.print(f"\n{failed} to mend" if failed else "\neverything that a run needs is there")
