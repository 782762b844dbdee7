"""The server that tests hold: a thread with its own event loop, and the switches for delays, faults and outages."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from telethon import functions

from telegram_server import keys
from telegram_server.call import Call
from telegram_server.connection import Connection
from telegram_server.faults import Faults, Kind, RpcFault, Rule
from telegram_server.handlers import answer, serialise
from telegram_server.media import DEFAULT_DC
from telegram_server.world import Login, World

Condition = Callable[[Any], bool]


class TelegramServer:
    """Serves a world from `with` on. Leaving closes every connection and joins the thread."""

    host = "127.0.0.1"

    def __init__(self, world: World, *, port: int = 0, delay: float = 0) -> None:
        self.world = world
        self.port = port
        self.delay = delay  # Seconds before each answer. Requests wait side by side.
        self.requests: list[Any] = []  # As they came in, without their wrappers.
        self.on_request: Callable[[Any], None] | None = None  # Called in the server's thread.
        self.max_parallel_files = 0
        self.failures: list[Exception] = []  # Errors of the server itself. Leaving `with` raises the first.
        self._faults = Faults()
        self._closing_new = False
        self._files_now = 0
        self._finished_bytes = 0
        self._connections: set[Connection] = set()
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self._listener: asyncio.Server | None = None
        self._thread: threading.Thread
        self._folder: tempfile.TemporaryDirectory[str]

    @property
    def dc(self) -> str:
        """The data centre as our settings name it."""
        return f"{DEFAULT_DC}:{self.host}:{self.port}"

    @property
    def public_key(self) -> Path:
        """A file with the public key as PKCS#1."""
        return Path(self._folder.name, "key.pem")

    @property
    def public_key_spki(self) -> Path:
        """A file with the public key as SubjectPublicKeyInfo."""
        return Path(self._folder.name, "key_spki.pem")

    @property
    def sent_bytes(self) -> int:
        """How many bytes the server has sent, all connections together."""
        return self._finished_bytes + sum(connection.sent_bytes for connection in list(self._connections))

    def count(self, request: Any) -> int:
        """How many requests of this type have come in."""
        return sum(isinstance(each, request) for each in list(self.requests))

    def fail(
        self, request: Any, error: str, code: int = 400, times: int = 1, after: int = 0, when: Condition | None = None
    ) -> None:
        """Answers matching requests with an RPC error, after the first `after` of them."""
        self._faults.add(Rule(Kind.FAIL, request, times, after, when, RpcFault(error, code)))

    def hang(self, request: Any, times: int = 1, after: int = 0, when: Condition | None = None) -> None:
        """Never answers matching requests."""
        self._faults.add(Rule(Kind.HANG, request, times, after, when))

    def drop_connections(
        self, after: int = 0, times: int = 1, request: Any = None, when: Condition | None = None
    ) -> None:
        """Closes the connection instead of answering a matching request. The next connection is served."""
        self._faults.add(Rule(Kind.DROP, request, times, after, when))

    def truncate_files(self, times: int = 1, when: Condition | None = None, after: int = 0) -> None:
        """Answers `upload.getFile` with the first half of the bytes it would get."""
        self._faults.add(Rule(Kind.TRUNCATE, functions.upload.GetFileRequest, times, after, when))

    def clear_faults(self) -> None:
        """Takes back every fault that has been set."""
        self._faults.clear()

    def refuse(self, refusing: bool, *, after_accepting: bool = False) -> None:
        """Whether the server is gone: its connections are closed, and nobody listens on the port.

        `after_accepting` keeps the port open and closes each new connection at once, as a broken proxy does.
        """
        done = asyncio.run_coroutine_threadsafe(self._refuse(refusing, after_accepting), self._loop)
        # In `on_request` the loop is our own, and cannot be waited for.
        if threading.current_thread() is not self._thread:
            done.result()

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="telegram_server_")
        self.public_key.write_bytes(keys.public_pem())
        self.public_key_spki.write_bytes(keys.public_pem_spki())
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), name="telegram server")
        self._thread.start()
        try:
            ready.result()
        except BaseException:
            self._thread.join()
            self._folder.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._folder.cleanup()
        if error is None and self.failures:
            raise self.failures[0]

    async def _serve(self, ready: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        try:
            await self._listen()
        except OSError as error:
            ready.set_exception(error)
            return
        ready.set_result(None)
        await self._stopping.wait()
        await self._refuse(refusing=True, after_accepting=False)
        # A connection that was accepted just now has a task before it is one of ours.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            self._abort_all()
            await asyncio.wait(others, timeout=0.01)

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._accept, self.host, self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _refuse(self, refusing: bool, after_accepting: bool) -> None:
        self._closing_new = refusing and after_accepting
        listening = not refusing or after_accepting
        if listening and self._listener is None:
            await self._listen()
        elif not listening and self._listener is not None:
            await self._stop_listening(self._listener)
            self._listener = None
        # A connection that was accepted just now appears three turns of the loop later.
        for _ in range(3):
            await asyncio.sleep(0)
        while refusing and self._connections and not self._closing_new:
            self._abort_all()
            await asyncio.sleep(0.001)
        if refusing:
            self._abort_all()

    async def _stop_listening(self, listener: asyncio.Server) -> None:
        # Closed between the acceptance of a connection and its transport, asyncio forgets the connection's socket.
        for each in listener.sockets:
            self._loop.remove_reader(each.fileno())
        await asyncio.sleep(0)
        listener.close()

    def _abort_all(self) -> None:
        for connection in list(self._connections):
            connection.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self.world, self._answer, reader, writer)
        self._connections.add(connection)
        try:
            if self._closing_new:
                connection.abort()
            await connection.run()
        finally:
            self._connections.discard(connection)
            self._finished_bytes += connection.sent_bytes

    async def _answer(self, login: Login, request: Any) -> bytes | None:
        """The bytes of the answer or the error. None drops the connection."""
        self.requests.append(request)
        try:
            return await self._answer_or_raise(login, request)
        except RpcFault as fault:
            return bytes(fault)
        except Exception as error:  # noqa: BLE001 - raised in the test's thread, see `failures`
            self.failures.append(error)
            return bytes(RpcFault("SERVER_HAS_A_BUG"))

    async def _answer_or_raise(self, login: Login, request: Any) -> bytes | None:
        if self.on_request is not None:
            self.on_request(request)
        # Every kind counts every request, so that two faults on one request type do not shift each other.
        due = {kind: rule for kind in Kind if (rule := self._faults.take(kind, request)) is not None}
        if Kind.DROP in due:
            return None
        if Kind.HANG in due:
            await asyncio.Event().wait()
        with self._counted(request):
            if self.delay:
                await asyncio.sleep(self.delay)
            if Kind.FAIL in due:
                return bytes(due[Kind.FAIL].fault or b"")
            return self._look_up(login, request, truncated=Kind.TRUNCATE in due)

    @contextlib.contextmanager
    def _counted(self, request: Any) -> Iterator[None]:
        is_file = isinstance(request, functions.upload.GetFileRequest)
        self._files_now += is_file
        self.max_parallel_files = max(self.max_parallel_files, self._files_now)
        try:
            yield
        finally:
            self._files_now -= is_file

    def _look_up(self, login: Login, request: Any, *, truncated: bool) -> bytes:
        with self.world.lock:
            result = answer(Call(self.world, login, request, self.host, self.port))
            if truncated:
                result.bytes = result.bytes[: len(result.bytes) // 2]
            return serialise(result)
