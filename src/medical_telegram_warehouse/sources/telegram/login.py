"""Once: phone, code and two-step password become a session.

Who asks for them is the caller's business. None of them is kept, logged or part of an error; what is wrong with one is
said in Telegram's words for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from telethon import errors as tg
from telethon import utils
from telethon.sessions import StringSession

from medical_telegram_warehouse.errors import SourceError
from medical_telegram_warehouse.records import TelegramAccess
from medical_telegram_warehouse.sources.telegram.access import (
    BOT_TOKEN,
    BOTS_CANNOT_READ,
    new_session,
    stored_session,
)
from medical_telegram_warehouse.sources.telegram.client import WarehouseClient
from medical_telegram_warehouse.sources.telegram.failures import account_errors, name_of
from medical_telegram_warehouse.sources.telegram.source import account_of

# How often a mistyped code or password may be corrected: Telegram counts them, too, and blocks the number.
_TRIES = 3


class Account(NamedTuple):
    """Whose session it is."""

    number: int
    name: str
    username: str | None

    def __str__(self) -> str:
        """`Abebe Kebede (@abebe, 123)`."""
        return f"{self.name} ({f'@{self.username}, ' if self.username else ''}{self.number})"


class LoginAnswers(Protocol):
    """Who answers what Telegram asks. Each question may come again when the answer was wrong."""

    def phone(self) -> str:
        """The account's phone number, with the country's code."""

    def code(self, problem: str | None) -> str:
        """The code that Telegram has just sent; `problem` says what was wrong with the last one."""

    def password(self, problem: str | None) -> str:
        """The two-step password."""


async def who_is_logged_in(access: TelegramAccess) -> Account | None:
    """The account of the stored session; None without one.

    Raises:
        SourceError: there is one, but it cannot be used.
        SourceUnavailableError: Telegram does not answer.
    """
    session = stored_session(access)
    if session is None:
        return None
    client = WarehouseClient(access, session)
    try:
        await client.ensure_connected()
        return await _account(client)
    finally:
        await client.disconnect()


_REFUSALS = {
    tg.PhoneNumberInvalidError: "this is not a phone number with its country's code, such as +251 911 234 567",
    tg.PhoneNumberBannedError: "Telegram has banned this phone number",
    tg.PhoneNumberUnoccupiedError: "no account has this phone number; make one in the Telegram app first",
    tg.PhoneNumberFloodError: "too many codes were asked for with this number; try again tomorrow",
    tg.PhonePasswordFloodError: "too many passwords were tried; try again tomorrow",
    tg.PhoneCodeExpiredError: "the code has expired; run mtw login again for a new one",
    tg.PhoneCodeEmptyError: "no code was given; run mtw login again",
}


async def log_in(access: TelegramAccess, answers: LoginAnswers) -> tuple[Account, StringSession]:
    """Log in as a user, and return whose session it is and the session.

    Raises:
        SourceError: Telegram refuses, or an answer was wrong too often.
        SourceUnavailableError: Telegram does not answer.
        WaitOrderedError: too many logins were tried lately.
    """
    phone = answers.phone().strip()
    if BOT_TOKEN.fullmatch(phone):
        raise SourceError(f"this is a bot's token, and {BOTS_CANNOT_READ}")
    session = new_session(access)
    client = WarehouseClient(access, session)
    try:
        await client.ensure_connected()
        with _login_errors(), account_errors():
            await client.send_code_request(phone)
            try:
                await _ask(answers.code, lambda code: client.sign_in(phone, code), tg.PhoneCodeInvalidError, "code")
            except tg.SessionPasswordNeededError:
                await _ask(
                    answers.password,
                    lambda password: client.sign_in(password=password),
                    tg.PasswordHashInvalidError,
                    "password",
                )
        return await _account(client), session
    finally:
        await client.disconnect()


async def _ask(
    ask: Callable[[str | None], str],
    tell: Callable[[str], Awaitable[object]],
    wrong: type[tg.RPCError],
    what: str,
) -> None:
    problem = None
    for _ in range(_TRIES):
        try:
            await tell(ask(problem).strip())
        except wrong:
            problem = f"Telegram does not accept this {what}"
        else:
            return
    raise SourceError(f"Telegram did not accept the {what} {_TRIES} times; run mtw login again")


@contextmanager
def _login_errors() -> Iterator[None]:
    try:
        yield
    except tg.SessionPasswordNeededError:
        raise
    except tg.RPCError as error:
        reason = _REFUSALS.get(type(error), f"Telegram answers {name_of(error)}")
        raise SourceError(f"cannot log in: {reason}") from error


async def _account(client: WarehouseClient) -> Account:
    me = await account_of(client)
    return Account(me.id, utils.get_display_name(me), me.username)
