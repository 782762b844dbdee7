"""Servers of the benchmark, each in a process of its own: the product's, and one whose only endpoint does nothing."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from zoneinfo import ZoneInfo

from medical_telegram_warehouse.records import DatabaseAddress

logger = logging.getLogger(__name__)
_START_SECONDS = 60


@contextmanager
def product(address: DatabaseAddress, *, cache_bytes: int) -> Iterator[str]:
    """The service over a database; yields its address once it answers."""
    with _process(_serve_product, address, cache_bytes) as url:
        yield url


@contextmanager
def empty_endpoint() -> Iterator[str]:
    """FastAPI with one endpoint that returns an empty object, behind the same server with the same options."""
    with _process(_serve_empty) as url:
        yield url


@contextmanager
def _process(serve: Callable[..., None], *arguments: object) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = multiprocessing.get_context("fork").Process(target=serve, args=(listener, *arguments), daemon=True)
        process.start()
        try:
            _wait(url, process)
            yield url
        finally:
            process.terminate()
            process.join()


def _wait(url: str, process: BaseProcess) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.is_alive():
        with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(f"{url}/health", timeout=5):  # noqa: S310
            return
        time.sleep(0.1)
    message = f"the server at {url} did not come up"
    raise RuntimeError(message)


def _serve_product(listener: socket.socket, address: DatabaseAddress, cache_bytes: int) -> None:
    from medical_telegram_warehouse.api.options import ApiOptions
    from medical_telegram_warehouse.api.server import run_server

    options = ApiOptions(
        address,
        ZoneInfo("Africa/Addis_Ababa"),
        Path("/nonexistent"),
        requests_per_minute=0,
        cache_bytes=cache_bytes,
    )
    run_server(options, listener)


def _serve_empty(listener: socket.socket) -> None:
    import uvicorn
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/health")
    async def answer() -> dict[str, str]:
        return {}

    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, proxy_headers=False)
    uvicorn.Server(config).run(sockets=[listener])
