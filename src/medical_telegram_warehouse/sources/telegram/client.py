"""The connection to Telegram: Telethon's client, with nothing done in silence.

Telethon would sleep through ordered waits without a word, wait for ever for an answer that does not come, and cancel
what waits for one when it gives up a connection. Here waits are logged and bounded, answers have a time limit, and a
lost connection is an error that says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from telethon import TelegramClient, errors, functions
from telethon.sessions import StringSession

from medical_telegram_warehouse.errors import SourceUnavailableError
from medical_telegram_warehouse.records import TelegramAccess
from medical_telegram_warehouse.sources.telegram.access import trust
from medical_telegram_warehouse.sources.telegram.failures import account_errors
from medical_telegram_warehouse.sources.waits import wait_as_ordered

# Telethon says much at INFO; what it warns of explains our own errors.
_telethon_log = logging.getLogger(f"{__name__}.telethon")
_telethon_log.setLevel(logging.WARNING)
_ORDERED_WAITS = (errors.FloodWaitError, errors.FloodPremiumWaitError, errors.FloodTestPhoneWaitError)
# A server that is there answers within seconds; parts of photos, several at once over a slow line, may take longer.
ANSWER_SECONDS = 120
# Retries multiply: each reconnection tries to connect this often again. At 10 Telethon was still trying after 100 s.
_CONNECTION_RETRIES = 2
_RECONNECTIONS_WITHOUT_ANSWER = 5
# Once Telegram has ordered a wait, this much time between two pages keeps it from ordering the next.
_PAUSE_SECONDS = 1.0


class WarehouseClient(TelegramClient):  # type: ignore[misc]
    """A client whose every request goes through `_call` below, downloads too."""

    def __init__(self, access: TelegramAccess, session: StringSession) -> None:
        trust(access.public_key)
        super().__init__(
            session,
            access.api_id,
            access.api_hash.get_secret_value(),
            flood_sleep_threshold=0,
            request_retries=3,
            connection_retries=_CONNECTION_RETRIES,
            retry_delay=1,
            raise_last_call_error=True,
            receive_updates=False,
            use_ipv6=":" in (session.server_address or ""),
            base_logger=_telethon_log,
            device_model="medical-telegram-warehouse",
            app_version="1",
        )
        type(self)._config = None  # noqa: SLF001 - the last client's list of data centres may be another server's
        self._max_wait_seconds = access.max_wait_seconds
        self._connecting = asyncio.Lock()
        self._reconnections = 0
        self.pause_seconds = 0.0
        """Between two pages of a history."""

    async def ensure_connected(self) -> None:
        """Connect, unless that was done and still holds.

        Raises:
            SourceUnavailableError: nobody answers, or who answers is not trusted.
            SourceError: the account cannot be used.
        """
        async with self._connecting:
            if self.is_connected():
                return
            where = f"{self.session.server_address}:{self.session.port}"
            try:
                with account_errors(), _cancelled_by_telethon():
                    async with asyncio.timeout(ANSWER_SECONDS):
                        await self.connect()
            except (TimeoutError, OSError, EOFError, BufferError) as error:
                await self.disconnect()
                raise SourceUnavailableError(
                    f"no connection to Telegram's data centre at {where}: {error or 'no answer'}; check the network "
                    f"and its firewall, and TELEGRAM_DC and TELEGRAM_DC_PUBLIC_KEY if you set them"
                ) from error
            except BaseException:
                await self.disconnect()  # a connection that was made in part would count as one
                raise

    async def _handle_auto_reconnect(self) -> None:
        """Called by Telethon when it has connected again by itself; it would then ask for missed updates.

        It counts attempts that fail, not connections that break at once, and makes those anew without a pause.
        """
        self._reconnections += 1
        if self._reconnections > _RECONNECTIONS_WITHOUT_ANSWER:
            await self._sender.disconnect()

    async def _call(self, sender: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Make a request.

        Raises:
            WaitOrderedError: a wait was ordered that is longer than this run waits.
            SourceUnavailableError: the connection was lost, or no answer came.
            telethon.errors.RPCError: Telegram says no.
        """
        while True:
            try:
                with _cancelled_by_telethon():
                    async with asyncio.timeout(ANSWER_SECONDS):
                        answer = await super()._call(sender, request, *args, **kwargs)
            except _ORDERED_WAITS as error:
                self._flood_waited_requests.clear()  # or Telethon would refuse the request itself for a while
                if isinstance(request, functions.messages.GetHistoryRequest):
                    self.pause_seconds = _PAUSE_SECONDS
                name = type(request).__name__.removesuffix("Request")
                await wait_as_ordered(
                    max(1, error.seconds), ordered_by=f"Telegram, for {name}", most=self._max_wait_seconds
                )
            except TimeoutError as error:
                raise SourceUnavailableError(
                    f"Telegram did not answer {type(request).__name__} within {ANSWER_SECONDS} s; check the network, "
                    f"and try again"
                ) from error
            except (OSError, EOFError, BufferError) as error:
                raise SourceUnavailableError(
                    f"the connection to Telegram was lost ({error or type(error).__name__}); what was read is kept"
                ) from error
            else:
                self._reconnections = 0
                return answer


@contextmanager
def _cancelled_by_telethon() -> Iterator[None]:
    """Tell being stopped from Telethon's way to give a connection up: it cancels whoever waits for an answer.

    Raises:
        ConnectionError: nobody cancelled this task.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise ConnectionError("it broke, and was not made again") from error
