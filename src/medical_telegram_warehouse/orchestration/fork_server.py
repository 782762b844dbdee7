"""The process that step processes are forked from. It has imported what is slow to import (see `preloaded`).

Imports no Dagster, so that a command may start it first and import Dagster itself meanwhile.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing import connection, forkserver

PRELOADED = ["dagster._core.executor.multiprocess", "medical_telegram_warehouse.orchestration.preloaded"]


def start_fork_server() -> None:
    """Let it import what steps need, beside whatever this process does next. Steps see the environment of now."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)
    forkserver.ensure_running()


def is_step_process() -> bool:
    """Whether this process was forked for a step."""
    return multiprocessing.parent_process() is not None


def end_with_run() -> None:
    """End this step process as soon as the run process has gone: nobody would hear what it did."""
    run = multiprocessing.parent_process()
    if run is None:
        return

    def wait() -> None:
        connection.wait([run.sentinel])
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, name="end-with-run", daemon=True).start()
