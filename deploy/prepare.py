"""Prepares what services share, before they start: `python deploy/prepare.py`. Running it again changes nothing.

Brings the database up to date, writes Dagster's instance (DAGSTER_HOME), and lets dbt parse the project where it has
changed. Without an instance, Dagster's services would take one with settings that are not ours.
"""

from __future__ import annotations

import typer

from medical_telegram_warehouse.cli.console import command_settings, console, friendly_errors


def main() -> None:
    """Prepare, or say what is in the way."""
    with friendly_errors():
        settings = command_settings()
        from medical_telegram_warehouse.orchestration.instance import open_instance
        from medical_telegram_warehouse.steps import ensure_data_folder, open_database
        from medical_telegram_warehouse.transform import parse_manifest

        ensure_data_folder(settings)
        with open_database(settings):
            console.print(f"the database at {settings.database} is up to date", soft_wrap=True)
        with open_instance(settings.dagster_home):
            console.print(f"Dagster's instance is in {settings.dagster_home}", soft_wrap=True)
        console.print(f"dbt's manifest is {parse_manifest(settings.project_dir)}", soft_wrap=True)


if __name__ == "__main__":
    typer.run(main)
