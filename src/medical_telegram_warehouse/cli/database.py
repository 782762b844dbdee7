"""`mtw db`: the embedded PostgreSQL, logins of others, backups."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.markup import escape
from rich.table import Table

from medical_telegram_warehouse.cli.console import command_settings, console, friendly_errors
from medical_telegram_warehouse.postgres.groups import Role

db = typer.Typer(
    name="db",
    help="Start, stop and look at the database; let others in; back it up. The embedded PostgreSQL is used where "
    "POSTGRES_HOST is this machine and nothing listens on POSTGRES_PORT.",
    no_args_is_help=True,
)
BACKUPS_FOLDER = "backups"


@db.command()
def start() -> None:
    """Start the embedded server if none answers, and bring the schema up to date."""
    with friendly_errors():
        from medical_telegram_warehouse.steps import open_database

        settings = command_settings()
        with open_database(settings):
            console.print(f"PostgreSQL answers at {settings.database}")


@db.command()
def stop() -> None:
    """Stop the embedded server of this data folder; a server of your own is left alone."""
    with friendly_errors():
        from medical_telegram_warehouse.postgres.embedded import EmbeddedServer

        settings = command_settings()
        stopped = EmbeddedServer(settings.data_dir, settings.database).stop()
        console.print("stopped" if stopped else f"no embedded server of {settings.data_dir} is running")


@db.command()
def status() -> None:
    """Say which server answers, whose it is, and how to connect."""
    with friendly_errors():
        from medical_telegram_warehouse.postgres.connection import connect
        from medical_telegram_warehouse.postgres.embedded import EmbeddedServer

        settings = command_settings()
        address = settings.database
        is_ours = EmbeddedServer(settings.data_dir, address).is_running()
        with connect(address) as connection:
            version = connection.info.parameter_status("server_version")
        console.print(f"PostgreSQL {version} answers at {address}")
        console.print(f"{'the embedded server of' if is_ours else 'not the embedded server of'} {settings.data_dir}")
        console.print(f"psql: psql -h {address.host} -p {address.port} -U {address.user} {address.database}")


@db.command("add-user")
def add_user(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The login's name.")],
    role: Annotated[
        Role,
        typer.Option(
            help="`reader` for BI tools: marts, seeds and ops. `loader` also runs `mtw load`, but changes no table. "
            "`owner` runs everything.",
            show_default=False,
        ),
    ],
    statement_timeout: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=86_400,
            help="Seconds after which a query of this login is cancelled; 0 for never. A reader's default is 30.",
            show_default=False,
        ),
    ] = None,
    new_password: Annotated[
        str | None, typer.Option("--new-password", envvar="MTW_NEW_PASSWORD", hidden=True, show_envvar=False)
    ] = None,
) -> None:
    """Make a login that may do less than POSTGRES_USER, and print how to connect with it.

    Its password is made and printed once, or taken from the environment variable MTW_NEW_PASSWORD. For a login that
    was made before, role, limit and password are set anew. docs/connecting-bi.md leads from here to BI tools.

    Example: `mtw db add-user metabase --role reader --statement-timeout 120`
    """
    origin = context.get_parameter_source("new_password")
    if origin is not None and origin.name == "COMMANDLINE":
        message = "a password must not be an argument, which every user of this machine can see; set MTW_NEW_PASSWORD"
        raise typer.BadParameter(message)
    with friendly_errors():
        from medical_telegram_warehouse.postgres import roles
        from medical_telegram_warehouse.steps import open_database

        settings = command_settings()
        password = SecretStr(new_password) if new_password is not None else roles.new_password()
        with open_database(settings) as connection:
            is_new = roles.add_login(connection, name, role, password, statement_timeout=statement_timeout)
        address = settings.database._replace(user=name)
        done = "made" if is_new else "changed"
        console.print(f"login {escape(name)} {done}; as {role.value} it {role.rights}", soft_wrap=True)
        console.print(
            f"host {address.host}  port {address.port}  database {escape(address.database)}  user {escape(name)}",
            soft_wrap=True,
        )
        if new_password is None:
            shown = escape(password.get_secret_value())
            console.print(f"password {shown}  (shown this once; a lost one is replaced by the same command)")
        else:
            console.print("password: as MTW_NEW_PASSWORD says")


@db.command("drop-user")
def drop_user(name: Annotated[str, typer.Argument(help="A login that `mtw db users` lists.")]) -> None:
    """Drop a login that `mtw db add-user` made, and end its sessions. No other login is ever touched."""
    with friendly_errors():
        from medical_telegram_warehouse.postgres.connection import connect
        from medical_telegram_warehouse.postgres.roles import drop_login

        with connect(command_settings().database) as connection:
            ended = drop_login(connection, name)
        sessions = f"; {ended} open sessions ended" if ended else ""
        console.print(f"login {escape(name)} dropped{sessions}", soft_wrap=True)


@db.command()
def users() -> None:
    """List the logins that `mtw db add-user` made: role, limit of a query, open sessions."""
    with friendly_errors():
        from medical_telegram_warehouse.postgres.connection import connect
        from medical_telegram_warehouse.postgres.roles import logins

        with connect(command_settings().database) as connection:
            found = logins(connection)
        if not found:
            console.print("no logins yet: `mtw db add-user NAME --role reader` makes one")
            return
        table = Table(box=None, padding=(0, 2, 0, 0))
        for title in ("login", "role", "query limit", "sessions"):
            table.add_column(title, header_style="dim", no_wrap=True)
        for login in found:
            named = ", ".join(role.value for role in login.roles)
            table.add_row(escape(login.name), named, login.statement_timeout or "none", str(login.sessions))
        console.print(table)


@db.command()
def backup(
    path: Annotated[
        Path | None,
        typer.Argument(help="A new file, or a folder; by default DATA_DIR/backups/<database>-<UTC time>.dump."),
    ] = None,
) -> None:
    """Write the whole database into one file, while it is in use; read it back; record the rows of every table.

    The record, <file>.json, belongs to the backup: keep both. Photos and lake files are not in the database; back up
    DATA_DIR for those. docs/backup-and-restore.md says more.
    """
    with friendly_errors():
        from medical_telegram_warehouse.postgres import backup as backups
        from medical_telegram_warehouse.postgres.backup_record import size_text
        from medical_telegram_warehouse.postgres.embedded import EmbeddedServer

        settings = command_settings()
        address = settings.database
        # Not migrated: a backup before an update must be of what was there before it.
        EmbeddedServer(settings.data_dir, address).ensure()
        target = path.expanduser().resolve() if path is not None else settings.data_dir / BACKUPS_FOLDER
        if path is None or target.is_dir():
            target = backups.default_path(target, address.database)
        done = backups.back_up(address, target)
        record = done.record
        console.print(f"backed up {escape(str(address))} to {escape(str(done.path))}", soft_wrap=True)
        console.print(
            f"{size_text(record.size)}, {len(record.tables)} tables, "
            f"{sum(table.rows for table in record.tables):,} rows, {done.seconds:.1f} s; read back and complete"
        )


@db.command()
def restore(
    path: Annotated[Path, typer.Argument(help="A file that `mtw db backup` wrote, with its record beside it.")],
    into: Annotated[
        str | None,
        typer.Option(help="Restore into a new database of this name, and leave POSTGRES_DB alone.", show_default=False),
    ] = None,
    *,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Drop the database that is there; else it is kept as <name>_before_restore_…."),
    ] = False,
    without_record: Annotated[
        bool,
        typer.Option(
            "--without-record", help="Take a file that has no record; nothing then tells whether it is whole."
        ),
    ] = False,
) -> None:
    """Put a backup in the place of the database POSTGRES_DB, once every row of it was counted.

    It is restored into a new database first. Whatever fails before the end leaves the old one as it was. Refused while
    anybody is connected to it.

    Example: `mtw db restore data/backups/medical_warehouse-20260101T020000Z.dump`
    """
    if into is not None and replace:
        message = "--into never drops a database; leave one of --into and --replace out"
        raise typer.BadParameter(message)
    with friendly_errors():
        from medical_telegram_warehouse.postgres import restore as restores
        from medical_telegram_warehouse.postgres.embedded import EmbeddedServer

        settings = command_settings()
        EmbeddedServer(settings.data_dir, settings.database).ensure()
        file = path.expanduser().resolve()
        done = restores.restore(settings.database, file, into=into, replace=replace, without_record=without_record)
        checked = "every row counted" if done.is_checked else "without a record to check it by"
        console.print(f"restored {escape(str(file))} into database {escape(done.database)}", soft_wrap=True)
        console.print(f"{done.tables} tables, {done.rows:,} rows, {done.seconds:.1f} s; {checked}")
        if done.migrated:
            console.print(f"brought up to date by {len(done.migrated)} migrations")
        if done.kept_as is not None:
            console.print(f"what was there before is kept as database {escape(done.kept_as)}", soft_wrap=True)
