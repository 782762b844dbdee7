"""Telegram as a message source."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from telethon import errors, functions, types

from medical_telegram_warehouse.errors import ChannelError, SourceError
from medical_telegram_warehouse.records import MAX_CHANNEL_NAME, Channel, TelegramAccess
from medical_telegram_warehouse.sources.ahead import read_ahead
from medical_telegram_warehouse.sources.base import Observation
from medical_telegram_warehouse.sources.reference import require_channels
from medical_telegram_warehouse.sources.telegram.access import BOTS_CANNOT_READ, stored_session
from medical_telegram_warehouse.sources.telegram.client import WarehouseClient
from medical_telegram_warehouse.sources.telegram.failures import account_errors, channel_errors, name_of
from medical_telegram_warehouse.sources.telegram.messages import to_message
from medical_telegram_warehouse.sources.telegram.photos import photo_fetch
from medical_telegram_warehouse.sources.telegram.resolver import Resolver
from medical_telegram_warehouse.text import storable

logger = logging.getLogger(__name__)
# What Telegram sends at once.
PAGE = 100
CACHE_FILE = "channels.json"


class TelegramSource:
    """The channels that a user account can read.

    Args:
        access: credentials and session.
        references: user names, @names, t.me links, joined invite links, numeric ids or titles.
        channels_at_once: how many are read at the same time.
        since: a channel's first scrape goes back to this moment, or
        max_messages: to this many messages, whichever ends first. None: no such limit.
        clock: now.
    """

    name = "telegram"
    can_look_up = True
    yields_everything = False

    def __init__(
        self,
        access: TelegramAccess,
        references: Sequence[str],
        *,
        channels_at_once: int = 3,
        since: datetime | None = None,
        max_messages: int | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._access = access
        self._references = tuple(references)
        self.channels_at_once = channels_at_once
        self._since = since
        self._max_messages = max_messages
        self._clock = clock
        self._peers: dict[int, Any] = {}

    async def __aenter__(self) -> Self:
        """Connect with the stored session; never asks anybody anything.

        Raises:
            SourceError: there is no session, or its account is not usable.
            SourceUnavailableError: nobody answers.
        """
        require_channels(self._references)
        session = stored_session(self._access)
        if session is None:
            raise SourceError(f"nobody is logged in to Telegram here (no {self._access.session_file}); run: mtw login")
        self._client = WarehouseClient(self._access, session)
        try:
            await self._client.ensure_connected()
            account = await account_of(self._client)
        except BaseException:
            await self._client.disconnect()
            raise
        self._resolver = Resolver(self._client, self._access.session_file.with_name(CACHE_FILE), account.id)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self._client.disconnect()

    def references(self) -> Sequence[str]:
        """As TELEGRAM_CHANNELS names them."""
        return self._references

    async def describe(self, reference: str) -> Channel:
        """Find a channel and ask what it is now; see `MessageSource.describe`."""
        await self._client.ensure_connected()
        peer, full = await self._find(reference)
        number = peer.channel_id if isinstance(peer, types.InputPeerChannel) else peer.chat_id
        chat = next(chat for chat in full.chats if chat.id == number)
        self._peers[number] = peer
        username = _username(chat)
        title = storable(chat.title)
        participants = getattr(full.full_chat, "participants_count", None) or getattr(chat, "participants_count", None)
        return Channel(
            channel_name=username or title.strip()[:MAX_CHANNEL_NAME] or f"channel_{number}",
            scraped_at=self._clock(),
            source=self.name,
            title=title,
            description=storable(full.full_chat.about or "") or None,
            subscribers=participants,
            telegram_id=number,
            username=username,
            telegram_type=_type(chat),
            is_verified=bool(getattr(chat, "verified", False)),
            is_scam=bool(getattr(chat, "scam", False)),
            is_fake=bool(getattr(chat, "fake", False)),
        )

    async def new_messages(self, channel: Channel, after_message_id: int | None) -> AsyncIterator[list[Observation]]:
        """Upwards from the last id, or from as far back as a first scrape goes."""
        with channel_errors(channel.channel_name):
            floor = await self._floor(channel) if after_message_id is None else after_message_id
            async for page in self._history(channel, min_id=floor):
                yield page if after_message_id is not None else self._not_too_old(page)

    async def recent_messages(
        self, channel: Channel, since: datetime, up_to_message_id: int
    ) -> AsyncIterator[list[Observation]]:
        """The window again, upwards."""
        with channel_errors(channel.channel_name):
            async for page in self._history(channel, offset_date=since, max_id=up_to_message_id + 1):
                yield [each for each in page if each.message.message_date >= since]

    async def look_up(self, channel: Channel, message_ids: Sequence[int]) -> list[Observation]:
        """Asked for by number, a message is there or it is deleted."""
        with channel_errors(channel.channel_name):
            found = await self._client.get_messages(self._peer(channel), ids=list(message_ids))
        return self._observed(channel, [message for message in found if message is not None])

    async def _find(self, reference: str) -> tuple[Any, Any]:
        peer = await self._resolver.resolve(reference)
        try:
            return peer, await self._full(reference, peer)
        except ChannelError as error:
            if not self._resolver.forget(reference):
                raise
            # What was found in an earlier run does not hold any more: the name may mean another channel by now.
            try:
                peer = await self._resolver.resolve(reference)
            except ChannelError:
                raise error from None
            return peer, await self._full(reference, peer)

    async def _full(self, reference: str, peer: Any) -> Any:
        with channel_errors(reference):
            if isinstance(peer, types.InputPeerChannel):
                channel = types.InputChannel(peer.channel_id, peer.access_hash)
                return await self._client(functions.channels.GetFullChannelRequest(channel))
            return await self._client(functions.messages.GetFullChatRequest(peer.chat_id))

    async def _floor(self, channel: Channel) -> int:
        """The last message that a first scrape leaves out; 0 for none."""
        floors = [0]
        if self._max_messages is not None:
            beyond = await self._client.get_messages(self._peer(channel), limit=1, add_offset=self._max_messages)
            floors += [message.id for message in beyond]
        if self._since is not None:
            before = await self._client.get_messages(self._peer(channel), limit=1, offset_date=self._since)
            floors += [message.id for message in before if message.date < self._since]
        return max(floors)

    def _not_too_old(self, page: list[Observation]) -> list[Observation]:
        return [each for each in page if self._since is None or each.message.message_date >= self._since]

    async def _history(self, channel: Channel, **where: Any) -> AsyncIterator[list[Observation]]:
        # What a scrape asks for ahead has to be converted, too: here Telegram's next answer is under way meanwhile.
        async for page in read_ahead(self._raw_history(channel, **where)):
            yield self._observed(channel, page)

    async def _raw_history(self, channel: Channel, **where: Any) -> AsyncIterator[list[Any]]:
        history = self._client.iter_messages(self._peer(channel), reverse=True, wait_time=0, **where)
        page: list[Any] = []
        async for message in history:
            page.append(message)
            if len(page) == PAGE:
                history.wait_time = self._client.pause_seconds
                yield page
                page = []
        if page:
            yield page

    def _observed(self, channel: Channel, messages: list[Any]) -> list[Observation]:
        """Those that are messages, not notices of the service such as `pinned a message`."""
        peer = self._peer(channel)
        return [
            Observation(to_message(message, channel), photo_fetch(self._client, peer, message))
            for message in messages
            if isinstance(message, types.Message)
        ]

    def _peer(self, channel: Channel) -> Any:
        assert channel.telegram_id is not None, "set by describe"  # noqa: S101
        return self._peers[channel.telegram_id]


async def account_of(client: WarehouseClient) -> Any:
    """The user that is logged in.

    Raises:
        SourceError: nobody is, the account is not usable, or it is a bot's.
    """
    with account_errors():
        try:
            [me] = await client(functions.users.GetUsersRequest([types.InputUserSelf()]))
        except errors.RPCError as error:
            if isinstance(error, errors.UnauthorizedError):
                raise
            raise SourceError(f"Telegram does not say whose session this is: {name_of(error)}") from error
    if me.bot:
        raise SourceError(f"{me.first_name!r} is a bot, and {BOTS_CANNOT_READ}")
    return me


def _username(chat: Any) -> str | None:
    """A channel may have several user names; the first active one stands in its link."""
    username = getattr(chat, "username", None)
    if username:
        return str(username)
    return next((str(each.username) for each in getattr(chat, "usernames", None) or () if each.active), None)


def _type(chat: Any) -> str:
    if not isinstance(chat, types.Channel):
        return "group"
    if chat.gigagroup:
        return "gigagroup"
    return "supergroup" if chat.megagroup else "channel"
