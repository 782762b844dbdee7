"""A Telegram Desktop export as a message source."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from medical_telegram_warehouse.errors import ChannelError, SourceError
from medical_telegram_warehouse.records import MAX_CHANNEL_NAME, Channel
from medical_telegram_warehouse.sources.base import Observation
from medical_telegram_warehouse.sources.desktop_export.choice import TELEGRAM_TYPES, choose_chats
from medical_telegram_warehouse.sources.desktop_export.index import ExportedChat, index_export
from medical_telegram_warehouse.sources.desktop_export.locate import HOW_TO_EXPORT, find_result
from medical_telegram_warehouse.sources.desktop_export.messages import Unusable, read_message
from medical_telegram_warehouse.sources.desktop_export.photos import is_included, photo_of
from medical_telegram_warehouse.sources.desktop_export.stream import read_messages
from medical_telegram_warehouse.text import storable

logger = logging.getLogger(__name__)
PAGE = 500
# A computer's clock may be some hours ahead; a date beyond that is wrong, and the lake would refuse it.
_TOLERANCE = timedelta(days=1)
# Of messages that cannot be used, by channel; the rest are only counted.
_NAMED_IN_LOG = 20
# Part of any export, or of the choice of its settings: no reason to warn.
_EXPECTED = {"service", "photo_not_included"}


class DesktopExportSource:
    """The chats of one export.

    An export does not say when it was made. Each chat counts as seen at its latest message or edit, so importing the
    same file again writes the same.
    """

    name = "export"
    channels_at_once = 1
    can_look_up = False
    yields_everything = True

    def __init__(self, path: Path, chats: Sequence[str] = (), channel_name: str | None = None) -> None:
        """Set up without reading anything.

        Args:
            path: result.json, the folder that holds it, or the folder around one export's folder.
            chats: names or ids of the chats to read; empty for all but private conversations.
            channel_name: what the one chat that is read is called in the lake, instead of its own name.
        """
        self._given = path
        self._wanted = tuple(chats)
        self._channel_name = channel_name
        self._path = path
        self._until = datetime.now(UTC) + _TOLERANCE
        self._chats: dict[str, ExportedChat] = {}
        self._damaged_at: int | None = None
        self._damaged: ExportedChat | None = None
        self.skipped_by_channel: dict[str, Counter[str]] = {}
        """What was not yielded, by channel's name and reason; complete once its messages were read."""

    @property
    def skipped(self) -> Counter[str]:
        """What was not yielded, over all channels: `service` messages, those that cannot be used, photos not there."""
        return sum(self.skipped_by_channel.values(), Counter())

    async def __aenter__(self) -> Self:
        """Find the export and list its chats.

        Raises:
            SourceError: there is none, it cannot be read, it is of another format, or lacks a wanted chat.
        """
        self._path = find_result(self._given)
        self._until = datetime.now(UTC) + _TOLERANCE
        index = await index_export(self._path, self._until)
        self._damaged_at = index.damaged_at
        try:
            chosen = choose_chats(index.chats, self._wanted, str(self._path))
        except SourceError as error:
            if index.damaged_at is None:
                raise
            raise SourceError(f"{error}. The file breaks off near byte {index.damaged_at}; export again") from error
        if self._channel_name is not None and len(chosen) > 1:
            raise SourceError(
                f"the channel name {self._channel_name!r} is given for one chat, but {len(chosen)} chats of "
                f"{self._path} would be read; name one chat, or leave the channel name out"
            )
        self._chats = {_reference(chat): chat for chat in chosen}
        if index.damaged_at is not None and (not self._wanted or index.chats[-1] in chosen):
            self._damaged = chosen[-1]  # all before the damage is read first
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""

    def references(self) -> Sequence[str]:
        """The ids of the chats to read; of one without an id `name:` and its name."""
        return list(self._chats)

    async def describe(self, reference: str) -> Channel:
        """Say what the export knows of a chat.

        Raises:
            ChannelError: it is not one of `references`.
        """
        chat = self._chats.get(reference)
        if chat is None:
            raise ChannelError(f"{self._path} holds no chat {reference!r} to be read; it holds {self.references()}")
        return Channel(
            channel_name=_lake_name(self._channel_name or "") or _lake_name(chat.name) or f"chat_{chat.telegram_id}",
            scraped_at=chat.latest or datetime.fromtimestamp(self._path.stat().st_mtime, UTC),
            source=self.name,
            title=chat.name or None,
            telegram_id=chat.telegram_id,
            telegram_type=TELEGRAM_TYPES.get(chat.kind, "private"),
        )

    async def new_messages(
        self,
        channel: Channel,
        after_message_id: int | None,  # noqa: ARG002 -- an import yields everything
    ) -> AsyncIterator[list[Observation]]:
        """Yield all messages of a chat, in the file's order.

        Raises:
            ChannelError: the channel is not from `describe`.
            SourceError: the file breaks off, after all that stands before; or it changed since it was listed.
        """
        chat = self._chat_of(channel)
        skipped = self.skipped_by_channel[channel.channel_name] = Counter()
        page: list[Observation] = []
        position = 0
        items = () if chat.messages_at is None else read_messages(self._path, chat.messages_at)
        for position, item in enumerate(islice(items, chat.messages), 1):
            observation = self._observe(item, position, channel, skipped)
            if observation is not None:
                page.append(observation)
            if len(page) == PAGE:
                yield page
                page = []
            if position % PAGE == 0:
                await asyncio.sleep(0)
        if page:
            yield page
        if skipped:
            logger.info("%s: not read: %s", channel.channel_name, dict(skipped))
        if position < chat.messages:
            raise SourceError(
                f"{self._path} changed while it was read: message {position + 1} of {chat.messages} of "
                f"{channel.channel_name} is gone; import again when nothing writes there"
            )
        if chat is self._damaged:
            raise SourceError(
                f"{self._path} breaks off or is damaged near byte {self._damaged_at}, after message {position} of "
                f"{channel.channel_name}; what stands before was read. Export again and import that: nothing is "
                f"written twice. To export: {HOW_TO_EXPORT}"
            )

    async def recent_messages(
        self,
        channel: Channel,  # noqa: ARG002
        since: datetime,  # noqa: ARG002
        up_to_message_id: int,  # noqa: ARG002
    ) -> AsyncIterator[list[Observation]]:
        """Nothing: `new_messages` yields everything."""
        nothing: tuple[list[Observation], ...] = ()
        for page in nothing:
            yield page

    async def look_up(self, channel: Channel, message_ids: Sequence[int]) -> list[Observation]:  # noqa: ARG002
        """Nothing: an export cannot be asked."""
        return []

    def _chat_of(self, channel: Channel) -> ExportedChat:
        for chat in self._chats.values():
            if chat.telegram_id == channel.telegram_id and (chat.name or None) == channel.title:
                return chat
        raise ChannelError(
            f"{self._path} holds no chat {channel.title!r} with id {channel.telegram_id} to be read; it holds "
            f"{self.references()}"
        )

    def _observe(self, item: Any, position: int, channel: Channel, skipped: Counter[str]) -> Observation | None:
        try:
            message, photo = read_message(item, channel, self._until)
        except Unusable as problem:
            skipped[problem.reason] += 1
            named = sum(skipped.values()) - sum(skipped[reason] for reason in _EXPECTED)
            if problem.reason not in _EXPECTED and named <= _NAMED_IN_LOG:
                logger.warning("%s: message %d is skipped: %s", channel.channel_name, position, problem.reason)
            return None
        if photo is None:
            return Observation(message, None)
        if not is_included(photo):
            skipped["photo_not_included"] += 1
            return Observation(message, None)
        return Observation(message, photo_of(self._path.parent, photo, _counting(skipped, "photo_path_refused")))


def _counting(counter: Counter[str], reason: str) -> Callable[[], None]:
    def count() -> None:
        counter[reason] += 1

    return count


def _reference(chat: ExportedChat) -> str:
    return f"name:{chat.name}" if chat.telegram_id is None else str(chat.telegram_id)


def _lake_name(name: str) -> str:
    return storable(name).strip()[:MAX_CHANNEL_NAME].strip()
