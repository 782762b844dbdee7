"""`mtw login`: asks what Telegram asks, unless the environment has the answer.

Nothing that is typed here is printed, logged or kept, but the session that comes of it.
"""

from __future__ import annotations

import asyncio
import sys

import typer
from pydantic import SecretStr
from rich.console import Console

from medical_telegram_warehouse.errors import SourceError
from medical_telegram_warehouse.records import TelegramAccess
from medical_telegram_warehouse.settings import Settings
from medical_telegram_warehouse.sources.telegram.access import keep_session
from medical_telegram_warehouse.sources.telegram.login import log_in, who_is_logged_in


def print_login(console: Console, notes: Console, settings: Settings, *, again: bool, print_session: bool) -> None:
    """Log in, and keep the session or print it.

    Args:
        console: takes the session alone, so that it can be caught.
        notes: takes all that is said.
        settings: hold the credentials.
        again: log in although somebody is.
        print_session: rather than keep it in a file.

    Raises:
        SourceError: the credentials are missing, or Telegram refuses.
    """
    access = settings.telegram_access
    if access is None:
        raise SourceError(
            "TELEGRAM_API_ID and TELEGRAM_API_HASH are not set; get both at https://my.telegram.org (API development "
            "tools), put them into .env, and run mtw login again; docs/connecting-telegram.md leads through it"
        )
    if not again and not print_session and _is_logged_in(notes, access):
        return
    account, session = asyncio.run(log_in(access._replace(session=None), _Answers(settings)))
    notes.print(f"logged in as [bold]{account}[/]")
    if print_session:
        console.print(session.save(), soft_wrap=True)
        notes.print("set TELEGRAM_SESSION to the line above; whoever has it controls the account")
        return
    keep_session(access.session_file, session)
    notes.print(f"the session is kept in {access.session_file}, which only you can read", soft_wrap=True)
    if access.session is not None:
        notes.print("[yellow]TELEGRAM_SESSION is set, and runs use that instead: unset it[/]")
    missing = "" if settings.telegram_channels else "set TELEGRAM_CHANNELS in .env, then "
    notes.print(f"next: {missing}mtw scrape --source telegram")


def _is_logged_in(notes: Console, access: TelegramAccess) -> bool:
    try:
        account = asyncio.run(who_is_logged_in(access))
    except SourceError as error:
        notes.print(f"the stored session cannot be used: {error}", markup=False, soft_wrap=True)
        return False
    if account is not None:
        notes.print(f"already logged in as [bold]{account}[/]; `mtw login --again` logs in anew")
    return account is not None


class _Answers:
    """From the environment once, else from the terminal."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def phone(self) -> str:
        """The phone number."""
        return self._answer("TELEGRAM_PHONE", self._settings.telegram_phone, "Phone number, with country code", None)

    def code(self, problem: str | None) -> str:
        """The code that Telegram sent to the app, or as a text message."""
        return self._answer("TELEGRAM_CODE", self._settings.telegram_code, "Code that Telegram sent you", problem)

    def password(self, problem: str | None) -> str:
        """The two-step password."""
        return self._answer("TELEGRAM_PASSWORD", self._settings.telegram_password, "Two-step password", problem)

    def _answer(self, name: str, given: SecretStr | None, question: str, problem: str | None) -> str:
        if given is not None:
            if problem:
                raise SourceError(f"{problem} in {name}; correct it and run mtw login again")
            return given.get_secret_value()
        if not sys.stdin.isatty():
            raise SourceError(f"{name} is not set, and there is no terminal to ask for it; set it, or use a terminal")
        if problem:
            typer.echo(f"{problem}; try once more", err=True)
        return str(typer.prompt(question, hide_input=name == "TELEGRAM_PASSWORD", err=True))
