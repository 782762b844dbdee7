"""Decides which chats of an export are read.

Private conversations are no shop channels: they are read only when somebody names them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from medical_telegram_warehouse.errors import SourceError
from medical_telegram_warehouse.sources.desktop_export.index import ExportedChat

logger = logging.getLogger(__name__)
TELEGRAM_TYPES = {
    "public_channel": "channel",
    "private_channel": "channel",
    "public_supergroup": "supergroup",
    "private_supergroup": "supergroup",
    "public_group": "group",
    "private_group": "group",
}
"""The lake's name for each type; whatever else there is or will be counts as a private conversation."""
_CANDIDATES = 50


def choose_chats(chats: Sequence[ExportedChat], wanted: Sequence[str], where: str) -> list[ExportedChat]:
    """The chats to read, in the file's order, each once.

    Args:
        chats: all chats of the export.
        wanted: names or ids of chats, with or without -100; empty for all that are not private.
        where: names the export in messages.

    Raises:
        SourceError: a wanted chat is not there, a name fits several, or nothing is left to read.
    """
    distinct = _distinct(chats, where)
    if wanted:
        chosen = [id(_find(name, distinct, where)) for name in wanted]
        return [chat for chat in distinct if id(chat) in chosen]
    shops = [chat for chat in distinct if chat.kind in TELEGRAM_TYPES]
    private = len(distinct) - len(shops)
    if not shops:
        raise SourceError(
            f"{where} holds nothing but {private} private conversations, which are read only when they are named; "
            f"export a channel or a group, or name one of: {_listed(distinct)}"
        )
    if private:
        logger.info("%s: %d private conversations are left out", where, private)
    return shops


def _distinct(chats: Sequence[ExportedChat], where: str) -> list[ExportedChat]:
    found: dict[int | str, ExportedChat] = {}
    for chat in chats:
        kept = found.setdefault(chat.name if chat.telegram_id is None else chat.telegram_id, chat)
        if kept is not chat:
            logger.warning("%s lists %s twice; only the first is read", where, _named(chat))
    return list(found.values())


def _find(name: str, chats: Sequence[ExportedChat], where: str) -> ExportedChat:
    wanted = name.strip().casefold()
    found = [chat for chat in chats if chat.telegram_id is not None and _id(chat) == wanted.removeprefix("-100")]
    found = found or [chat for chat in chats if chat.name.strip().casefold() == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        raise SourceError(f"{where} holds several chats named {name!r}; give the id of one: {_listed(found)}")
    raise SourceError(f"{where} holds no chat {name!r}; give the name or the id of one of: {_listed(chats)}")


def _listed(chats: Sequence[ExportedChat]) -> str:
    more = f", and {len(chats) - _CANDIDATES} more" if len(chats) > _CANDIDATES else ""
    return ", ".join(_named(chat) for chat in chats[:_CANDIDATES]) + more


def _named(chat: ExportedChat) -> str:
    return f"{chat.name!r} (id {_id(chat) or 'unknown'}, {chat.kind or 'of no type'})"


def _id(chat: ExportedChat) -> str:
    return "" if chat.telegram_id is None else str(chat.telegram_id)
