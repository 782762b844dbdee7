"""A plain Telethon client that trusts the server."""

from __future__ import annotations

from typing import Any

from telethon import TelegramClient
from telethon.crypto import rsa
from telethon.sessions import StringSession

from telegram_server.media import DEFAULT_DC
from telegram_server.server import TelegramServer


def trust(server: TelegramServer) -> None:
    """Makes every Telethon client in this process accept the server's key."""
    rsa.add_key(server.public_key.read_bytes(), old=False)
    # Telethon keeps the addresses of data centres on the class. They are another server's.
    TelegramClient._config = None


def connect(server: TelegramServer, session_string: str | None = None, **options: Any) -> Any:
    """A client of this server, not yet connected: `async with` or `await client.connect()` connects it.

    `options` go to `TelegramClient`. Without a session string the client must log in.
    """
    trust(server)
    session = StringSession(session_string)
    session.set_dc(DEFAULT_DC, server.host, server.port)
    given = {"connection_retries": 2, "retry_delay": 0, "flood_sleep_threshold": 0, **options}
    return TelegramClient(session, 1, "hash", **given)
