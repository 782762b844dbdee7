"""What users write for a channel, and which kind of name it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from medical_telegram_warehouse.errors import SourceError

_LINK = re.compile(r"(?:https?://)?(?:www\.)?(?:t|telegram)\.(?:me|dog)/(?P<path>.*)", re.IGNORECASE)
_INVITE = re.compile(r"(?:\+|joinchat/)(?P<hash>[\w-]+)")
_BARE_INVITE = re.compile(r"\+(?=.*[A-Za-z_-])[\w-]+")  # of digits alone it would be a phone number
_PRIVATE = re.compile(r"c/(?P<number>\d{1,19})(?!\d)")
_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
# Telegram's numbers have 64 bits, and Python refuses to read one of thousands of digits.
_NUMBER = re.compile(r"-?(100)?\d{1,19}")
# Bot API and Telethon write this before the number of a channel or supergroup.
_CHANNEL_MARK = "-100"


class ReferenceKind(StrEnum):
    """How a channel is named."""

    USERNAME = "user name"
    TITLE = "title"
    INVITE = "invite link"
    NUMBER = "number"


class Reference(NamedTuple):
    """A channel's name, without its wrapping."""

    kind: ReferenceKind
    value: str
    is_bare: bool = False
    """It stands without @ or link: what looks like a user name may be a title, as `CheMed` may."""


def require_channels(references: Sequence[str]) -> None:
    """Refuse to read no channel at all.

    Raises:
        SourceError: none is named.
    """
    if not references:
        raise SourceError("no channel is named; set TELEGRAM_CHANNELS, such as TELEGRAM_CHANNELS=CheMed,@lobelia")


def parse_reference(text: str) -> Reference:
    """Tell user names, @names, t.me links, invite links, numeric ids and display titles apart."""
    text = text.strip()
    if link := _LINK.fullmatch(text):
        return _linked(link["path"].removeprefix("s/"))
    if text.startswith("@"):
        return Reference(ReferenceKind.USERNAME, text[1:])
    if _BARE_INVITE.fullmatch(text):
        return Reference(ReferenceKind.INVITE, text[1:])
    if _NUMBER.fullmatch(text):
        is_marked = text.startswith(_CHANNEL_MARK) and len(text) > len(_CHANNEL_MARK)
        return Reference(ReferenceKind.NUMBER, text.removeprefix(_CHANNEL_MARK if is_marked else "-"))
    if _USERNAME.fullmatch(text):
        return Reference(ReferenceKind.USERNAME, text, is_bare=True)
    return Reference(ReferenceKind.TITLE, text)


def _linked(path: str) -> Reference:
    if invite := _INVITE.match(path):
        return Reference(ReferenceKind.INVITE, invite["hash"])
    if private := _PRIVATE.match(path):
        return Reference(ReferenceKind.NUMBER, private["number"])
    return Reference(ReferenceKind.USERNAME, re.split(r"[/?#]", path)[0])
