"""Waits that a source is ordered to make: logged with their length, slept when short, refused when long.

Each channel is read in a turn of its own; its waits are counted there, whichever request was told to wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from medical_telegram_warehouse.errors import WaitOrderedError

logger = logging.getLogger(__name__)


class Turn(NamedTuple):
    """Whose turn it is, and who is told of its waits."""

    channel: str
    on_wait: Callable[[float], None]


# Tasks inherit it, so a photo's download knows its channel too.
_turn: ContextVar[Turn | None] = ContextVar("turn", default=None)


@contextmanager
def turn(channel: str, on_wait: Callable[[float], None]) -> Iterator[None]:
    """Whatever waits inside, waits for this channel."""
    token = _turn.set(Turn(channel, on_wait))
    try:
        yield
    finally:
        _turn.reset(token)


async def wait_as_ordered(seconds: float, *, ordered_by: str, most: float) -> None:
    """Sleep `seconds`, unless that is more than `most`.

    Args:
        seconds: how long.
        ordered_by: who ordered it for what, such as `Telegram, for GetHistory`.
        most: the longest wait that this run makes.

    Raises:
        WaitOrderedError: it is longer.
    """
    if seconds > most:
        raise too_long(seconds, ordered_by=ordered_by, most=most)
    announce_wait(seconds, ordered_by=ordered_by)
    await asyncio.sleep(seconds)


def announce_wait(seconds: float, *, ordered_by: str) -> None:
    """Log a wait that is going to be made, and count it for the channel whose turn it is."""
    current = _turn.get()
    channel = current.channel if current else "connecting"
    logger.warning("%s: waiting %s s, as ordered by %s", channel, f"{seconds:,.0f}", ordered_by)
    if current:
        current.on_wait(seconds)


def too_long(seconds: float, *, ordered_by: str, most: float) -> WaitOrderedError:
    """Why a wait is not made."""
    return WaitOrderedError(
        f"{ordered_by}: a wait of {seconds:,.0f} s was ordered, and more than MAX_WAIT_SECONDS={most:,.0f} is not "
        f"waited; what was read is kept, and the next run continues there",
        seconds,
    )
