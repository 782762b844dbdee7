"""One dbt command in this process, and nothing of it on the console.

What belongs here: dbt's interface and its traps. What its results mean is judged by `build` and `manifest`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from medical_telegram_warehouse.errors import TransformError

PROJECT_FILE = "dbt_project.yml"
# dbt reads its settings from the process's environment and keeps global state: one command at a time.
_ONE_AT_A_TIME = threading.Lock()


def require_project(project_dir: Path) -> None:
    """Say what to do when `project_dir` is no dbt project.

    Raises:
        TransformError: it is none.
    """
    if not (project_dir / PROJECT_FILE).is_file():
        raise TransformError(
            f"there is no {PROJECT_FILE} in {project_dir}; run this from a checkout of the project, or set PROJECT_DIR "
            f"to the folder that holds {PROJECT_FILE}"
        )


def invoke(
    arguments: list[str],
    *,
    project_dir: Path,
    target_dir: Path,
    environment: Mapping[str, str] | None = None,
    on_event: Callable[[Any], None] | None = None,
) -> Any:
    """Run a dbt command and return dbt's own result object.

    Args:
        arguments: the command and its options.
        project_dir: the folder of dbt_project.yml and profiles.yml.
        target_dir: where dbt keeps its parse cache and the SQL that it ran.
        environment: variables that hold for this command only; the environment is as before afterwards.
        on_event: called with each of dbt's events, from dbt's own threads.

    Raises:
        TransformError: there is no dbt project, or dbt stopped before it could run anything.
    """
    require_project(project_dir)
    from dbt.cli.main import dbtRunner  # here, because it takes 2 s that no other command should pay

    # Nothing on the console and no log file, whose handle dbt would leave open; on_event sees everything nevertheless.
    command = [
        *("--log-level", "none", "--log-level-file", "none", "--log-path", str(target_dir)),
        *arguments,
        *("--project-dir", str(project_dir), "--profiles-dir", str(project_dir), "--target-path", str(target_dir)),
    ]
    with _ONE_AT_A_TIME, _environment(environment or {}):
        result = dbtRunner(callbacks=[on_event] if on_event else []).invoke(command)
    if result.exception is not None:
        raise TransformError(
            f"dbt {arguments[0]} stopped before it ran anything: {str(result.exception).strip()}"
        ) from result.exception
    return result.result


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
