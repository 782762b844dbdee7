"""What the fork server imports before it forks steps: everything that is slow to import and starts no thread.

An error here would end the fork server with a traceback; the run process meets the same one and says it in words.
Nothing may parse a dbt project here: dbt's parser starts threads of its own, and a step that is forked from a process
that had some waits for them for ever.
"""

from __future__ import annotations

from contextlib import suppress

with suppress(Exception):
    import dbt.cli.main  # noqa: F401 - for the steps that will be forked
    from dagster._core.execution import context_creation_job

    from medical_telegram_warehouse import steps  # noqa: F401 - likewise
    from medical_telegram_warehouse.settings import load_settings, project_folder
    from medical_telegram_warehouse.transform.manifest import is_manifest_current

    # Dagster's executor says on each step's stderr that it has started, whatever the run's loggers are.
    setattr(context_creation_job, "default_system_loggers", lambda _instance: [])  # noqa: B010 - it is not ours
    if is_manifest_current(project_folder()):
        from medical_telegram_warehouse.orchestration import jobs, location
        from medical_telegram_warehouse.orchestration.instance import open_instance

        location.job_named(jobs.PIPELINE)
        # Imports what opening it needs: each step would do that again.
        with open_instance(load_settings().dagster_home):
            pass
