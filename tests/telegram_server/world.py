"""Everything the server knows: accounts, the keys of its clients and who is logged in with them, and channels.

Tests change the world from their thread while the server answers from its own; `lock` guards all of it.
"""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock
from typing import TYPE_CHECKING, Any

from telethon import types
from telethon.crypto import AuthKey
from telethon.sessions import StringSession

from telegram_server.channel import Channel
from telegram_server.fake_channel import FakeChannel
from telegram_server.faults import RpcFault
from telegram_server.generated import GeneratedChannel
from telegram_server.media import DEFAULT_DC, StoredFile, hash_of, refer
from telegram_server.two_step import TwoStep

if TYPE_CHECKING:
    from telegram_server.server import TelegramServer

KEY_SIZE = 256


@dataclass(eq=False)
class Account:
    """Somebody who can log in."""

    user_id: int
    phone: str
    code: str
    first_name: str
    username: str | None
    is_bot: bool
    two_step: TwoStep | None

    @property
    def bot_token(self) -> str:
        """What a bot logs in with."""
        return f"{self.user_id}:{self.code}"

    def user(self, *, is_self: bool) -> Any:
        return types.User(
            id=self.user_id,
            access_hash=hash_of(self.user_id),
            is_self=is_self,
            first_name=self.first_name,
            username=self.username,
            phone=None if self.is_bot else digits(self.phone),
            bot=self.is_bot,
            bot_info_version=1 if self.is_bot else None,
        )


@dataclass(eq=False)
class Login:
    """What one client's key stands for."""

    account: Account | None = None
    waiting: Account | None = None  # The code was right, the password is still due.
    revoked: str | None = None
    dc_id: int = DEFAULT_DC
    codes: dict[str, str] = field(default_factory=dict)  # The code hash of each phone.


@dataclass(eq=False)
class Invite:
    """A private link."""

    channel: Channel
    joined: bool
    expired: bool


class World:
    """The state of one Telegram."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.accounts: list[Account] = []
        self.channels: dict[int, Channel] = {}
        self.invites: dict[str, Invite] = {}
        self.exports: dict[bytes, tuple[Account, int]] = {}
        self.file_reference = b"reference 1"
        self._keys: dict[int, tuple[bytes, Login]] = {}
        self._user_ids = itertools.count(5_000_000_001)
        self._channel_ids = itertools.count(1_500_000_001)

    def add_account(
        self,
        *,
        phone: str,
        code: str = "12345",
        password: str | None = None,
        first_name: str = "Abebe",
        username: str | None = None,
        is_bot: bool = False,
    ) -> Account:
        """An account that can log in."""
        two_step = None if password is None else TwoStep(password)
        with self.lock:
            account = Account(next(self._user_ids), phone, code, first_name, username, is_bot, two_step)
            self.accounts.append(account)
            return account

    def add_channel(self, username: str | None, **about: Any) -> FakeChannel:
        """A channel without messages. `about` are the options of `Channel`."""
        with self.lock:
            channel = FakeChannel(self.lock, next(self._channel_ids), username, **about)
            self.channels[channel.id] = channel
            return channel

    def add_generated_channel(self, username: str | None, *, messages: int, **about: Any) -> GeneratedChannel:
        """A channel with this many messages. `about` are the options of `GeneratedChannel`."""
        with self.lock:
            channel = GeneratedChannel(self.lock, next(self._channel_ids), username, messages=messages, **about)
            self.channels[channel.id] = channel
            return channel

    def add_invite(self, link: str, channel: Channel, *, joined: bool = True, expired: bool = False) -> None:
        """A private link by its hash. `joined` tells whether the account has followed it already."""
        with self.lock:
            self.invites[link] = Invite(channel, joined, expired)

    def session_string(self, account: Account, server: TelegramServer) -> str:
        """A session that is logged in as the account, so that a test needs no login of its own."""
        key = secrets.token_bytes(KEY_SIZE)
        self.add_key(key, Login(account))
        session = StringSession()
        session.set_dc(DEFAULT_DC, server.host, server.port)
        session.auth_key = AuthKey(key)
        return str(session.save())

    def revoke(self, account: Account, error: str = "SESSION_REVOKED") -> None:
        """Ends every session of the account: their requests get this error with code 401."""
        with self.lock:
            for _, login in self._keys.values():
                if login.account is account:
                    login.account = None
                    login.revoked = error

    def expire_file_references(self) -> None:
        """Every file reference handed out so far expires. Messages that are fetched from now on carry a new one."""
        with self.lock:
            self.file_reference = f"reference {datetime.now(UTC).timestamp()} {secrets.token_hex(4)}".encode()

    def add_key(self, key: bytes, login: Login | None = None) -> None:
        """Knows a client by its key from now on."""
        login = login or Login()
        with self.lock:
            # A key with leading zeros is shorter, and a session string fills it up: the client may come with either.
            for known in (key, key.ljust(KEY_SIZE, b"\0")):
                self._keys[AuthKey(known).key_id] = known, login

    def client(self, key_id: int) -> tuple[bytes, Login] | None:
        """The key with this id, and what it stands for."""
        with self.lock:
            return self._keys.get(key_id)

    def channel(self, peer: Any) -> Channel:
        """The channel that a request names, or the error that the request gets."""
        if isinstance(peer, types.InputPeerEmpty | types.InputPeerSelf | types.InputPeerUser | types.InputPeerChat):
            raise RpcFault("PEER_ID_INVALID")
        channel = self.channels.get(getattr(peer, "channel_id", 0))
        if channel is None or channel.access_hash != getattr(peer, "access_hash", None):
            raise RpcFault("CHANNEL_INVALID")
        channel.check_access()
        return channel

    def file(self, file_id: int) -> StoredFile | None:
        """The file with this id."""
        channel = self.channels.get(file_id >> 32)
        return None if channel is None else channel.file(file_id & 0xFFFFFFFF)

    def message(self, channel: Channel, message_id: int) -> Any | None:
        """A message as it is sent now: its file has the current reference."""
        message = channel.message(message_id)
        return None if message is None else refer(message, self.file_reference)


def digits(phone: str) -> str:
    return "".join(filter(str.isdigit, phone))
