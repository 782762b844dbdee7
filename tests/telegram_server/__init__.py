"""A Telegram server for tests: it speaks MTProto 2.0 over TCP on loopback, so that Telethon runs unmodified against it.

A test fills a `World` (accounts, channels, posts), opens a `TelegramServer` on it, and points a client at `server.dc`.
A packet goes through `transport` into `connection`, its request through `server` (delays and `faults`) into `handlers`,
which read and change the world. The answer goes back the same way.
"""

from __future__ import annotations

from telegram_server.client import connect, trust
from telegram_server.fake_channel import FakeChannel
from telegram_server.faults import RpcFault
from telegram_server.generated import GeneratedChannel
from telegram_server.server import TelegramServer
from telegram_server.world import Account, World

__all__ = ["Account", "FakeChannel", "GeneratedChannel", "RpcFault", "TelegramServer", "World", "connect", "trust"]
