"""Sends messages to the URLs of ALERT_URLS, whatever service each of them is, and says why one did not arrive.

Each URL is tried on its own. A URL is a secret as a whole: what is said of a destination is its service and, where
the service has servers of one's own, the server's name.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote

from apprise import Apprise, NotifyBase, NotifyFormat, NotifyType, OverflowMode
from pydantic import SecretStr

from medical_telegram_warehouse.alerts import text
from medical_telegram_warehouse.alerts.outbox import Message, Outbox
from medical_telegram_warehouse.alerts.problems import Severity
from medical_telegram_warehouse.logs import redacted

logger = logging.getLogger(__name__)
# Its own lines hold parts of URLs: they go nowhere, and what matters of them is said by us.
_APPRISE = logging.getLogger("apprise")
_APPRISE.propagate = False
_APPRISE.addHandler(logging.NullHandler())
_APPRISE.setLevel(logging.DEBUG)
# What the server answered stands in one of these lines, beside many that nobody needs.
_ANSWER = "Exception:"
_TOLD = ("WARNING", "ERROR", "CRITICAL")
_TYPES = {Severity.ERROR: NotifyType.FAILURE, Severity.WARNING: NotifyType.WARNING, Severity.NOTICE: NotifyType.INFO}
# A service of short messages gets one of them, not one for every line.
_SHORT = 1000
_TIMEOUT_SECONDS = 30
_SHORTEST_PART = 4
# A destination that is down is tried at each look; saying so once an hour is enough.
_LOOKS_AN_HOUR = 60


@dataclass(frozen=True)
class Destination:
    """One URL."""

    name: str
    fingerprint: str
    url: SecretStr
    service: NotifyBase | None = field(compare=False)
    """None where the URL is not understood."""
    reason: str = ""

    def send(self, message: Message) -> str | None:
        """Send, and return why that failed; None when it has arrived."""
        if self.service is None:
            return self.reason
        apprise = Apprise()
        apprise.add(self.service)
        kind = NotifyType.SUCCESS if message.severity is None else _TYPES[message.severity]
        result = apprise.notify(
            body=message.body,
            title=message.title,
            notify_type=kind,
            body_format=NotifyFormat.TEXT,
            timeout=_TIMEOUT_SECONDS,
            log_level=logging.DEBUG,
        )
        if result:
            return None
        said = [entry.message for entry in result.logs() if entry.level in _TOLD or _ANSWER in entry.message]
        return _without_secrets(said, self) or "it did not say why"


def destinations_of(urls: Iterable[SecretStr]) -> list[Destination]:
    """Each URL as a destination, one that cannot be used as well: its messages wait until it is mended."""
    found: dict[str, Destination] = {}
    for number, url in enumerate(urls, start=1):
        destination = _destination(number, url)
        found.setdefault(destination.fingerprint, destination)
    return list(found.values())


def deliver(outbox: Outbox, destinations: list[Destination], now: datetime) -> dict[str, str | None]:
    """Send what is pending; returns by destination why it failed, None where it has arrived.

    What has not arrived stays, and is tried again at the next look. All destinations are tried at once, so that one
    that does not answer delays none.
    """
    outbox.readdress([destination.fingerprint for destination in destinations])
    waiting = {
        destination: pending for destination in destinations if (pending := outbox.pending(destination.fingerprint))
    }
    if not waiting:
        return {}
    results: dict[str, str | None] = {}
    with ThreadPoolExecutor(len(waiting)) as threads:
        sendings = {
            destination: threads.submit(destination.send, text.combined(list(pending.values())))
            for destination, pending in waiting.items()
        }
        for destination, sending in sendings.items():
            numbers = list(waiting[destination])
            reason = results[destination.name] = sending.result()
            if reason is None:
                outbox.sent(numbers, destination.fingerprint, now)
                continue
            attempts = outbox.not_sent(numbers, destination.fingerprint)
            if attempts % _LOOKS_AN_HOUR == 1:
                logger.warning("an alert could not be sent to %s, and waits: %s", destination.name, reason)
    return results


def _destination(number: int, url: SecretStr) -> Destination:
    plain = url.get_secret_value()
    fingerprint = hashlib.sha256(plain.encode()).hexdigest()[:16]
    with _said_by_apprise() as said:
        service = Apprise.instantiate(plain)
    if not isinstance(service, NotifyBase):
        reason = f"apprise does not understand this URL ({_scheme(plain) or 'it has no scheme'})"
        destination = Destination(f"destination {number}", fingerprint, url, None, reason)
        details = _without_secrets(said, destination)
        return Destination(destination.name, fingerprint, url, None, f"{reason}: {details}" if details else reason)
    if service.overflow_mode == OverflowMode.UPSTREAM:
        service.overflow_mode = OverflowMode.TRUNCATE if service.body_maxlen < _SHORT else OverflowMode.SPLIT
    at = f" at {_server(service)}" if _server(service) else ""
    return Destination(f"destination {number} ({service.service_name}{at})", fingerprint, url, service)


def _scheme(url: str) -> str:
    return url.split("://", 1)[0] if "://" in url else ""


def _server(service: NotifyBase) -> str:
    """The server's name; of services that have none, a token stands in its place."""
    if "host" not in service.template_tokens:
        return ""
    return str(getattr(service, "smtp_host", "") or service.host or "")


def _without_secrets(said: list[str], destination: Destination) -> str:
    """What apprise said, without any part of the URL but the server's name."""
    known = {_server(destination.service)} if destination.service is not None else set()
    plain = destination.url.get_secret_value()
    parts = {part for each in (plain, unquote(plain)) for part in re.split(r"[/?&=:@#,\s]+", each)}
    line = redacted(" ".join("; ".join(dict.fromkeys(said)).split()))
    known.add(_scheme(plain))
    for part in sorted(parts - known, key=len, reverse=True):
        if len(part) >= _SHORTEST_PART:
            line = line.replace(part, "***")
    return line


@contextmanager
def _said_by_apprise() -> Iterator[list[str]]:
    collector = _Collector(logging.WARNING)
    _APPRISE.addHandler(collector)
    try:
        yield collector.said
    finally:
        _APPRISE.removeHandler(collector)


class _Collector(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())
