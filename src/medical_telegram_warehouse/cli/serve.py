"""`mtw serve` and `mtw api-key`: the HTTP API and the dashboard."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from medical_telegram_warehouse.cli.console import command_settings, console, errors, friendly_errors
from medical_telegram_warehouse.settings import Settings

if TYPE_CHECKING:
    from medical_telegram_warehouse.api import ApiOptions


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; else API_HOST (127.0.0.1).", show_default=False)
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port; else API_PORT (8000).", show_default=False)
    ] = None,
    until_stdin_closes: Annotated[bool, typer.Option("--until-stdin-closes", hidden=True)] = False,  # noqa: FBT002
) -> None:
    """Serve the dashboard and the HTTP API until Ctrl-C: http://127.0.0.1:8000, its documentation at /docs.

    Only reads, as the role mtw_reader. Starts the embedded database where one is wanted; goes on while a database is
    away, and recovers by itself. Beyond this machine it listens only with API_KEYS set; docs/api.md tells how.

    Example: `mtw serve --port 8080`
    """
    with friendly_errors():
        settings = command_settings(api_host=host, api_port=port)
        options = api_options(settings)
        prepare_database(settings)
        from medical_telegram_warehouse.api.server import listen, run_server

        with listen(settings.api_host, settings.api_port) as socket:
            console.print(
                f"dashboard: [bold]{address_of(settings)}[/]   API: {address_of(settings)}/docs   (Ctrl-C ends it)",
                soft_wrap=True,
            )
            sys.stdout.flush()
            with contextlib.suppress(KeyboardInterrupt):  # how it is meant to end
                run_server(options, socket, ends_with_input=until_stdin_closes)


def api_key(
    name: Annotated[str, typer.Argument(help="Whose key it is: letters, digits, `.`, `_`, `-`.")],
    contacts: Annotated[  # noqa: FBT002
        bool, typer.Option("--contacts", help="Let this key see telephone numbers in texts.")
    ] = False,
) -> None:
    """Make a key for the HTTP API: prints the key, once, and what to put into API_KEYS.

    Only the key's hash is kept, so a lost key cannot be shown again: make another, and take the old line out. Keys are
    asked for where API_HOST is not this machine, or with API_REQUIRE_KEY=true.

    Example: `mtw api-key analyst`
    """
    with friendly_errors():
        from medical_telegram_warehouse.api.edge.keys import new_key
        from medical_telegram_warehouse.errors import SettingsError
        from medical_telegram_warehouse.records import ApiKey

        key, kept = new_key(name, allows_contacts=contacts)
        try:
            ApiKey.parse(str(kept))
        except ValueError:
            raise SettingsError(
                f"{name!r} cannot be a key's name: take 1 to 64 letters, digits, '.', '_' or '-'"
            ) from None
        console.print(f"key (shown this once): {escape(key)}", soft_wrap=True)
        console.print(f"add to API_KEYS, after a comma if there are others: {escape(str(kept))}", soft_wrap=True)


def address_of(settings: Settings) -> str:
    """Where a browser on this machine finds the dashboard."""
    host = settings.api_host
    shown = "127.0.0.1" if host == "0.0.0.0" else f"[{host}]" if ":" in host else host  # noqa: S104 - shown, not bound
    return f"http://{shown}:{settings.api_port}"


def api_options(settings: Settings) -> ApiOptions:
    """The settings as the service takes them.

    Raises:
        SettingsError: it would listen beyond this machine without any key.
    """
    from zoneinfo import ZoneInfo

    from medical_telegram_warehouse.api import ApiOptions
    from medical_telegram_warehouse.errors import SettingsError
    from medical_telegram_warehouse.postgres.embedded import is_local
    from medical_telegram_warehouse.steps import lakes_of
    from medical_telegram_warehouse.vision.drawn.preview_folder import PREVIEWS_FOLDER

    is_here = is_local(settings.api_host)
    if not is_here and not settings.api_keys:
        raise SettingsError(
            f"API_HOST is {settings.api_host!r}, which others can reach, and there are no API_KEYS: make one with "
            f"`mtw api-key NAME` and set it, or listen on 127.0.0.1"
        )
    if settings.api_require_key and not settings.api_keys:
        raise SettingsError("API_REQUIRE_KEY is true and there are no API_KEYS: `mtw api-key NAME` makes one")
    own = (settings.api_host,) if settings.api_host not in ("0.0.0.0", "::") else ()  # noqa: S104 - compared
    return ApiOptions(
        database=settings.api_database,
        timezone=ZoneInfo(settings.report_timezone),
        project_root=settings.data_dir.parent,
        photo_roots=tuple(lake.root for lake in lakes_of(settings)),
        previews=settings.processed_dir / PREVIEWS_FOLDER,
        categories=settings.yolo_categories,
        keys=settings.api_keys,
        require_key=settings.api_require_key or not is_here,
        hosts=(*ApiOptions.hosts, *own, *settings.api_allowed_hosts),
        cors_origins=settings.api_cors_origins,
        requests_per_minute=settings.api_requests_per_minute,
        request_seconds=settings.api_request_seconds,
        statement_seconds=settings.api_statement_seconds,
        connections=settings.api_connections,
        cache_bytes=settings.api_cache_megabytes << 20,
        dagster_url=settings.dagster_url,
    )


def prepare_database(settings: Settings) -> None:
    """Start and migrate the database where that is ours to do; one that is away is waited for.

    Raises:
        DatabaseRefusedError: it says no: the password, the database's name, or a user who may not read.
    """
    from medical_telegram_warehouse.errors import DatabaseRefusedError, DatabaseUnavailableError
    from medical_telegram_warehouse.postgres.connection import connect
    from medical_telegram_warehouse.postgres.groups import Role
    from medical_telegram_warehouse.postgres.queries import statement
    from medical_telegram_warehouse.steps import open_database

    try:
        if settings.api_database_user is None:
            with open_database(settings):
                pass
        with connect(settings.api_database) as connection:
            row = connection.execute(statement("may_serve"), {"role": Role.READER.group}).fetchone()
    except DatabaseUnavailableError as error:
        errors.print(f"[yellow]warning:[/] {escape(str(error))}; serving all the same", soft_wrap=True)
        return
    is_migrated, is_member = row if row is not None else (False, False)
    if not is_member:
        raise DatabaseRefusedError(
            f"user {settings.api_database.user!r} may not act as the role {Role.READER.group}, as which the API reads; "
            f"set API_DATABASE_USER and API_DATABASE_PASSWORD to a login that `mtw db add-user NAME --role reader` made"
        )
    if not is_migrated:
        raise DatabaseRefusedError(
            f"{settings.api_database} was not brought up to date; run `mtw db start` once with the user who owns it"
        )


def serve_beside(settings: Settings) -> None:
    """Start `mtw serve` as a process that ends with this one, however this one ends.

    It reads from a pipe whose other end only this process holds; `exec` keeps it for whoever is executed.
    """
    command = [sys.executable, "-m", "medical_telegram_warehouse.cli", "serve", "--until-stdin-closes"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=settings.project_dir)
    assert child.stdin is not None  # noqa: S101 - a pipe was asked for
    os.set_inheritable(child.stdin.fileno(), True)  # noqa: FBT003 - the library's own
