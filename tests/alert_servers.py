"""Where alerts arrive in tests: a real mail server and a real HTTP endpoint, both on loopback."""

from __future__ import annotations

import email
import email.policy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from ports import free_port

USER, PASSWORD = "alerts", "mail-secret-4711"
TOKEN = "hook-secret-0815"


class Mail(NamedTuple):
    """What arrived by mail."""

    subject: str
    body: str
    recipients: list[str]
    raw: bytes


class MailServer:
    """Keeps each mail that it gets; takes only those of who knows the password."""

    def __init__(self, port: int) -> None:
        self.mails: list[Mail] = []
        self._port = port
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        return (
            f"mailto://{USER}:{PASSWORD}@127.0.0.1:{self._port}/"
            "?from=warehouse@example.org&to=person-on-call@example.org&mode=insecure"
        )

    def start(self) -> None:
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self._port,
            authenticator=self._authenticate,
            auth_require_tls=False,
        )
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @staticmethod
    def _authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if not session.authenticated:
            return "530 who are you?"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        part = message.get_body(("plain", "html"))
        assert part is not None
        self.mails.append(
            Mail(str(message["Subject"]), str(part.get_content()), list(envelope.rcpt_tos), envelope.content)
        )
        return "250 OK"


class Hook:
    """An HTTP endpoint that keeps what it is sent; `status` is what it answers, as soon as it may."""

    def __init__(self, port: int) -> None:
        self.posts: list[dict[str, Any]] = []
        self.status = 200
        self.is_reached = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._port = port

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self._port}/{TOKEN}"

    @contextmanager
    def serving(self) -> Iterator[None]:
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = hook.status
                hook.is_reached.set()
                hook.may_answer.wait(timeout=30)
                if status == 200:
                    hook.posts.append(json.loads(body))
                with suppress(ConnectionError):  # whoever asked may have been killed
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server on a port of its own."""
    server = MailServer(free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def hook() -> Iterator[Hook]:
    """An HTTP endpoint on a port of its own."""
    hook = Hook(free_port())
    with hook.serving():
        yield hook
