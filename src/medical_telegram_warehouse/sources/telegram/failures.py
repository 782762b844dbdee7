"""Telegram's errors as ours: one channel's, the account's, the network's.

What is said of an account or a channel comes from Telegram's own name of the error; nothing here quotes a request,
which may hold a phone number or a code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from telethon import errors as tg

from medical_telegram_warehouse.errors import ChannelError, PhotoError, SourceError, SourceUnavailableError
from medical_telegram_warehouse.sources.telegram.access import BOTS_CANNOT_READ

LOG_IN = "log in again: mtw login"
# What Telethon has no type of its own for.
_UNTYPED = (
    tg.RPCError,
    tg.BadRequestError,
    tg.UnauthorizedError,
    tg.ForbiddenError,
    tg.NotFoundError,
    tg.AuthKeyError,
    tg.FloodError,
    tg.ServerError,
    tg.TimedOutError,
)
_ACCOUNT = {
    tg.AuthKeyUnregisteredError: f"the session is not logged in, or was ended from another device; {LOG_IN}",
    tg.AuthKeyInvalidError: f"the session is not valid; {LOG_IN}",
    tg.AuthKeyPermEmptyError: f"the session is not valid; {LOG_IN}",
    tg.AuthKeyNotFound: f"the data centre does not know this session; {LOG_IN}",
    tg.SessionRevokedError: f"the session was ended from another device; {LOG_IN}",
    tg.SessionExpiredError: f"the session has expired; {LOG_IN}",
    tg.AuthKeyDuplicatedError: (
        f"the session was used from two addresses at once, so Telegram ended it; use one per machine, and {LOG_IN}"
    ),
    tg.UserDeactivatedError: "the account was deleted; log in with another one: mtw login",
    tg.UserDeactivatedBanError: "Telegram has banned the account; log in with another one: mtw login",
    tg.FrozenMethodInvalidError: "Telegram has frozen the account; see its own messages in the app, or use another one",
    tg.BotMethodInvalidError: f"this is a bot's account, and {BOTS_CANNOT_READ}",
    tg.ApiIdInvalidError: "TELEGRAM_API_ID and TELEGRAM_API_HASH do not match; copy both from my.telegram.org",
    tg.ApiIdPublishedFloodError: "TELEGRAM_API_ID is a published one, which Telegram blocks; get your own",
}
_CHANNEL = {
    tg.ChannelPrivateError: "it is private, or this account was removed from it; join it with this account",
    tg.ChannelInvalidError: "it no longer exists, or this account has never seen it",
    tg.ChannelPublicGroupNaError: "it is not available to this account",
    tg.ChatForbiddenError: "this account may not read it",
    tg.UserBannedInChannelError: "this account is banned from it",
    tg.PeerIdInvalidError: "it no longer exists, or this account has never seen it",
    tg.UsernameNotOccupiedError: "nobody has this user name",
    tg.UsernameInvalidError: "this cannot be a user name",
    tg.InviteHashInvalidError: "the invite link is not valid",
    tg.InviteHashExpiredError: "the invite link has expired",
    tg.InviteHashEmptyError: "the invite link is not whole",
}


@contextmanager
def account_errors() -> Iterator[None]:
    """Turn errors that concern the account, or Telegram as a whole, into ours; the others pass.

    Raises:
        SourceError: the account cannot be used.
        SourceUnavailableError: Telegram has a failure of its own.
    """
    try:
        yield
    except tuple(_ACCOUNT) as error:
        raise SourceError(f"Telegram refuses this account: {_ACCOUNT[type(error)]} ({name_of(error)})") from error
    except tg.UnauthorizedError as error:
        raise SourceError(f"Telegram refuses this account ({name_of(error)}); {LOG_IN}") from error
    except (tg.ServerError, tg.TimedOutError) as error:
        raise SourceUnavailableError(
            f"Telegram has a failure of its own ({name_of(error)}); try again later"
        ) from error


@contextmanager
def channel_errors(channel: str) -> Iterator[None]:
    """The same, and whatever Telegram says of a channel becomes a `ChannelError`.

    Raises:
        ChannelError: this channel cannot be read.
        SourceError: the account cannot be used.
        SourceUnavailableError: Telegram has a failure of its own.
    """
    try:
        with account_errors():
            yield
    except tuple(_CHANNEL) as error:
        raise ChannelError(f"{channel!r} cannot be read: {_CHANNEL[type(error)]} ({name_of(error)})") from error
    except tg.RPCError as error:
        raise ChannelError(f"{channel!r} cannot be read: Telegram answers {name_of(error)}") from error


@contextmanager
def photo_errors() -> Iterator[None]:
    """The same for one photo.

    Raises:
        PhotoError: this photo cannot be had.
        SourceError: the account cannot be used.
        SourceUnavailableError: Telegram has a failure of its own.
    """
    try:
        with account_errors():
            yield
    except tg.RPCError as error:
        raise PhotoError(f"Telegram answers {name_of(error)}") from error


def name_of(error: Exception) -> str:
    """Telegram's own name of an error, such as CHANNEL_PRIVATE; Telethon's types have it in their names alone."""
    if type(error) in _UNTYPED:
        return str(getattr(error, "message", ""))
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(error).__name__.removesuffix("Error")).upper()
