"""Finds the channel that a reference means, once: what was found is kept in a file of the account.

Asking Telegram for names is what earns waits of many hours, so a name that was found is not asked for again. A title
is looked for among the account's own chats first, then in Telegram's public search; it must mean one channel.
"""

from __future__ import annotations

import asyncio
import difflib
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from telethon import errors, functions, types, utils

from medical_telegram_warehouse.errors import ChannelError
from medical_telegram_warehouse.sources.reference import Reference, ReferenceKind, parse_reference
from medical_telegram_warehouse.sources.telegram.client import WarehouseClient
from medical_telegram_warehouse.sources.telegram.failures import channel_errors

logger = logging.getLogger(__name__)
_CANDIDATES = 8
_SEARCHED = 20


class _Found(msgspec.Struct, frozen=True):
    number: int
    access_hash: int | None
    """None for a basic group. Good for one account only."""


class _Cache(msgspec.Struct):
    account: int
    channels: dict[str, _Found] = {}


class Resolver:
    """Finds channels for one account.

    Args:
        client: connected.
        cache_path: where what was found is kept.
        account: the account's number; what another account found does not hold.
    """

    def __init__(self, client: WarehouseClient, cache_path: Path, account: int) -> None:
        self._client = client
        self._path = cache_path
        self._cache = self._load(account)
        self._dialogs: list[Any] | None = None
        self._listing = asyncio.Lock()

    async def resolve(self, text: str) -> Any:
        """The `InputPeer` of the channel or group that `text` means.

        Raises:
            ChannelError: there is none, or more than one.
        """
        known = self._cache.channels.get(text)
        if known is None:
            with channel_errors(text):
                peer = utils.get_input_peer(await self._find(text, parse_reference(text)))
            known = _Found(getattr(peer, "channel_id", None) or peer.chat_id, getattr(peer, "access_hash", None))
            self._cache.channels[text] = known
            self._save()
        if known.access_hash is None:
            return types.InputPeerChat(known.number)
        return types.InputPeerChannel(known.number, known.access_hash)

    def forget(self, text: str) -> bool:
        """Ask anew the next time; returns whether it was known."""
        return self._cache.channels.pop(text, None) is not None

    async def _find(self, text: str, reference: Reference) -> Any:
        match reference.kind:
            case ReferenceKind.NUMBER:
                return await self._by_number(text, int(reference.value))
            case ReferenceKind.INVITE:
                return await self._by_invite(text, reference.value)
            case ReferenceKind.USERNAME:
                try:
                    return await self._by_username(text, reference.value)
                except (errors.UsernameNotOccupiedError, errors.UsernameInvalidError):
                    if not reference.is_bare:
                        raise
        return await self._by_title(text, reference.value)

    async def _by_username(self, text: str, username: str) -> Any:
        answer = await self._client(functions.contacts.ResolveUsernameRequest(username))
        if isinstance(answer.peer, types.PeerUser):
            raise ChannelError(f"{text!r} is a person or a bot, not a channel")
        number = utils.get_peer_id(answer.peer, add_mark=False)
        return next(chat for chat in answer.chats if chat.id == number)

    async def _by_invite(self, text: str, invite: str) -> Any:
        answer = await self._client(functions.messages.CheckChatInviteRequest(invite))
        if isinstance(answer, types.ChatInvite):
            raise ChannelError(
                f"{text!r} invites to {answer.title!r}, which this account has not joined; join it in the app first"
            )
        return answer.chat

    async def _by_number(self, text: str, number: int) -> Any:
        for chat in await self._chats():
            if chat.id == number:
                return chat
        raise ChannelError(
            f"{text!r} is not among this account's chats, and a number alone does not find a channel; join it with "
            f"this account, or name it by its user name"
        )

    async def _by_title(self, text: str, title: str) -> Any:
        joined = await self._chats()
        for name in (str.strip, _folded):
            found = [chat for chat in joined if name(chat.title) == name(title)]
            if found:
                return self._only(text, found)
        answer = await self._client(functions.contacts.SearchRequest(q=title, limit=_SEARCHED))
        public = [chat for chat in answer.chats if isinstance(chat, types.Channel)]
        found = [chat for chat in public if _folded(chat.title) == _folded(title)]
        if found:
            chat = self._only(text, found)
            logger.info("%r was found in Telegram's public search: %s", text, _described(chat))
            return chat
        near = difflib.get_close_matches(_folded(title), [_folded(chat.title) for chat in joined], _CANDIDATES)
        candidates = [*(chat for chat in joined if _folded(chat.title) in near), *public] or joined
        raise ChannelError(f"no channel has the user name or the title {text!r}{_listed(candidates)}")

    def _only(self, text: str, chats: list[Any]) -> Any:
        if len({chat.id for chat in chats}) > 1:
            raise ChannelError(f"{len(chats)} channels have the title {text!r}; use a user name{_listed(chats)}")
        return chats[0]

    async def _chats(self) -> list[Any]:
        """The channels and groups among this account's chats, listed once a run."""
        async with self._listing:
            if self._dialogs is None:
                dialogs = [dialog.entity async for dialog in self._client.iter_dialogs()]
                self._dialogs = [chat for chat in dialogs if isinstance(chat, types.Channel | types.Chat)]
            return self._dialogs

    def _load(self, account: int) -> _Cache:
        try:
            cache = msgspec.json.decode(self._path.read_bytes(), type=_Cache)
        except FileNotFoundError:
            return _Cache(account)
        except (OSError, msgspec.MsgspecError) as error:
            logger.warning("the list of found channels, %s, cannot be used (%s); it is made anew", self._path, error)
            return _Cache(account)
        return cache if cache.account == account else _Cache(account)

    def _save(self) -> None:
        temporary = self._path.with_suffix(".tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary.write_bytes(msgspec.json.format(msgspec.json.encode(self._cache)))
            os.replace(temporary, self._path)  # noqa: PTH105 - atomic, and named so
        except OSError as error:
            logger.warning("cannot remember which channels were found in %s: %s", self._path, error.strerror)


def _folded(title: str) -> str:
    return " ".join(title.split()).casefold()


def _described(chat: Any) -> str:
    username = getattr(chat, "username", None)
    return f"{chat.title!r} ({'@' + username if username else f'-100{chat.id}'})"


def _listed(chats: Iterable[Any]) -> str:
    names = dict.fromkeys(_described(chat) for chat in chats)
    return f"; there are: {', '.join(list(names)[:_CANDIDATES])}" if names else ""
