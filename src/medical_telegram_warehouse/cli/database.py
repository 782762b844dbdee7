"""`mtw db`: the embedded PostgreSQL."""

from __future__ import annotations

import typer

from medical_telegram_warehouse.cli.console import configure_logging, console, friendly_errors
from medical_telegram_warehouse.settings import Settings, load_settings

db = typer.Typer(
    name="db",
    help="Start, stop and look at the database. The embedded PostgreSQL is used where POSTGRES_HOST is this machine "
    "and nothing listens on POSTGRES_PORT.",
    no_args_is_help=True,
)


def _settings() -> Settings:
    settings = load_settings()
    configure_logging(settings)
    return settings


@db.command()
def start() -> None:
    """Start the embedded server if none answers, and bring the schema up to date."""
    with friendly_errors():
        from medical_telegram_warehouse.steps import open_database

        settings = _settings()
        with open_database(settings):
            console.print(f"PostgreSQL answers at {settings.database}")


@db.command()
def stop() -> None:
    """Stop the embedded server of this data folder; a server of your own is left alone."""
    with friendly_errors():
        from medical_telegram_warehouse.postgres.embedded import EmbeddedServer

        settings = _settings()
        stopped = EmbeddedServer(settings.data_dir, settings.database).stop()
        console.print("stopped" if stopped else f"no embedded server of {settings.data_dir} is running")


@db.command()
def status() -> None:
    """Say which server answers, whose it is, and how to connect."""
    with friendly_errors():
        from medical_telegram_warehouse.postgres.connection import connect
        from medical_telegram_warehouse.postgres.embedded import EmbeddedServer

        settings = _settings()
        address = settings.database
        is_ours = EmbeddedServer(settings.data_dir, address).is_running()
        with connect(address) as connection:
            version = connection.info.parameter_status("server_version")
        console.print(f"PostgreSQL {version} answers at {address}")
        console.print(f"{'the embedded server of' if is_ours else 'not the embedded server of'} {settings.data_dir}")
        console.print(f"psql: psql -h {address.host} -p {address.port} -U {address.user} {address.database}")
