"""How users name a channel -> the user name that stands in the preview's address.

Only what is made of a user name's characters ever reaches an address.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from medical_telegram_warehouse.errors import ChannelError
from medical_telegram_warehouse.records import MAX_BIGINT
from medical_telegram_warehouse.sources.reference import ReferenceKind, parse_reference

_SITES = r"(?:https?://)?(?:www\.)?(?:t|telegram)\.me/"
_USER_NAME = re.compile(r"[A-Za-z0-9_]{2,64}")
_LINK = re.compile(rf"{_SITES}(?:s/)?([A-Za-z0-9_]{{2,64}})(?:[/?#].*)?", re.IGNORECASE)
_POST = re.compile(r"([A-Za-z0-9_]{2,64})/([0-9]{1,19})")
_POST_LINK = re.compile(rf"{_SITES}(?:s/)?{_POST.pattern}(?:[/?#].*)?", re.IGNORECASE)
_INSTEAD = "write its user name, such as @name or https://t.me/name"


class PostName(NamedTuple):
    """A post as the site names it: the channel's user name and the message's number."""

    channel: str
    message_id: int


def user_name(reference: str) -> str:
    """The user name in a reference: `name`, `@name`, or a link to the channel or one of its posts.

    Raises:
        ChannelError: the reference holds none.
    """
    kind, wanted, _ = parse_reference(reference)
    if kind is ReferenceKind.INVITE:
        raise ChannelError(
            f"{reference!r} is an invite link, and the public preview shows public channels only: {_INSTEAD}, or join "
            f"with an account and use the source `telegram`"
        )
    if kind is ReferenceKind.NUMBER:
        raise ChannelError(
            f"{reference!r} is a number, and the public preview finds channels by user name only: {_INSTEAD}"
        )
    if is_user_name(wanted):
        return wanted
    raise ChannelError(
        f"{reference!r} is no user name, and the public preview cannot look for titles: {_INSTEAD}; Telegram shows it "
        f"on the channel's page as its link"
    )


def is_user_name(text: str) -> bool:
    """Whether a text may stand in an address as a channel's name."""
    return _USER_NAME.fullmatch(text) is not None


def named_post(text: str) -> PostName | None:
    """Read `name/123`; None where the number is not a message's."""
    return _post(_POST.fullmatch(text))


def linked_post(link: str) -> PostName | None:
    """Read a link to a post; None where it leads elsewhere."""
    return _post(_POST_LINK.fullmatch(link))


def linked_name(link: str) -> str | None:
    """The user name in a link to a channel, a user or a post."""
    found = _LINK.fullmatch(link)
    return found[1] if found and found[1].lower() != "joinchat" else None


def _post(found: re.Match[str] | None) -> PostName | None:
    if found is None or not 0 < int(found[2]) <= MAX_BIGINT:
        return None
    return PostName(found[1], int(found[2]))
