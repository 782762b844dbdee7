"""`mtw login` once, and runs that never ask for anything."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from telethon import functions
from telethon.sessions import StringSession

from medical_telegram_warehouse.errors import SourceError, WaitOrderedError
from medical_telegram_warehouse.sources.telegram.access import keep_session, stored_session
from medical_telegram_warehouse.sources.telegram.login import log_in, who_is_logged_in
from own_telegram import HASH, NOW, Telegram, lines

MTW = Path(sys.executable).with_name("mtw")
PHONE, CODE, PASSWORD = "+251911000002", "13579", "her secret pässword"
BOT_TOKEN = "123456789:AAF-a_token_of_a_bot_0123456789abcdef"
SendCode = functions.auth.SendCodeRequest


@dataclass
class Answers:
    """A person who gives these answers, one after the other."""

    phone_number: str = PHONE
    codes: list[str] = field(default_factory=lambda: [CODE])
    passwords: list[str] = field(default_factory=lambda: [PASSWORD])
    problems: list[str | None] = field(default_factory=list)

    def phone(self) -> str:
        return self.phone_number

    def code(self, problem: str | None) -> str:
        self.problems.append(problem)
        return self.codes.pop(0)

    def password(self, problem: str | None) -> str:
        self.problems.append(problem)
        return self.passwords.pop(0)


@pytest.fixture
def sara(telegram: Telegram) -> Any:
    """An account with a two-step password, whose channel is `chemed`."""
    channel = telegram.world.add_channel("chemed", title="CheMed")
    channel.post("Zinc 20mg 50 birr", date=NOW)
    return telegram.world.add_account(phone=PHONE, code=CODE, password=PASSWORD, first_name="Sara", username="sara")


def logged_in(telegram: Telegram, answers: Answers) -> tuple[str, StringSession]:
    account, session = asyncio.run(log_in(telegram.access(session=None), answers))
    return str(account), session


def test_code_and_password_become_a_session_and_say_whose(telegram: Telegram, sara: Any) -> None:
    account, session = logged_in(telegram, Answers())
    assert account == f"Sara (@sara, {sara.user_id})"
    keep_session(telegram.access().session_file, session)
    summary = telegram.scrape(session=None)
    assert summary.total("messages") == 1


def test_a_mistyped_code_or_password_may_be_corrected(telegram: Telegram, sara: Any) -> None:
    answers = Answers(codes=["11111", CODE], passwords=["wrong", PASSWORD])
    logged_in(telegram, answers)
    assert answers.problems == [
        None,
        "Telegram does not accept this code",
        None,
        "Telegram does not accept this password",
    ]


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (Answers(codes=["1"] * 3), "did not accept the code 3 times"),
        (Answers(passwords=["no"] * 3), "did not accept the password 3 times"),
        (Answers(phone_number="12"), "not a phone number with its country's code"),
        (
            Answers(phone_number=BOT_TOKEN),
            "bots cannot read a channel's history",
        ),
    ],
)
def test_what_telegram_does_not_take_is_said_and_never_repeated(
    telegram: Telegram, sara: Any, answers: Answers, says: str
) -> None:
    with pytest.raises(SourceError, match=says) as caught:
        logged_in(telegram, answers)
    told = str(caught.value)
    assert PHONE not in told
    assert "AAF-a_token" not in told


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("PHONE_NUMBER_BANNED", "has banned this phone number"),
        ("API_ID_INVALID", "do not match; copy both from my.telegram.org"),
        ("PHONE_NUMBER_FLOOD", "too many codes"),
        ("SOMETHING_NEW", "Telegram answers SOMETHING_NEW"),
    ],
)
def test_each_refusal_says_what_to_do(telegram: Telegram, sara: Any, error: str, says: str) -> None:
    telegram.server.fail(SendCode, error)
    with pytest.raises(SourceError, match=says):
        logged_in(telegram, Answers())


def test_too_many_logins_name_the_wait(telegram: Telegram, sara: Any) -> None:
    telegram.server.fail(SendCode, "FLOOD_WAIT_5000", code=420)
    with pytest.raises(WaitOrderedError, match="5,000 s"):
        logged_in(telegram, Answers())


def test_the_session_file_can_be_read_by_its_owner_alone(
    telegram: Telegram, sara: Any, caplog: pytest.LogCaptureFixture
) -> None:
    access = telegram.access(session=None)
    keep_session(access.session_file, StringSession(telegram.session))
    assert stat.S_IMODE(access.session_file.stat().st_mode) == 0o600
    access.session_file.chmod(0o644)
    assert stored_session(access) is not None
    assert stat.S_IMODE(access.session_file.stat().st_mode) == 0o600
    assert "others could read the session file" in caplog.text


def test_a_run_without_a_session_fails_at_once_and_names_the_command(telegram: Telegram, sara: Any) -> None:
    with pytest.raises(SourceError, match="run: mtw login"):
        telegram.scrape(session=None)
    assert telegram.server.requests == [], "nothing is asked, nobody is waited for"


@pytest.mark.parametrize("text", ["nonsense", "1" + "A" * 400, "damaged \udcff"])
def test_what_is_no_session_is_refused_without_being_shown(telegram: Telegram, sara: Any, text: str) -> None:
    with pytest.raises(SourceError, match="TELEGRAM_SESSION is not a session string") as caught:
        telegram.scrape(session=SecretStr(text))
    assert text not in str(caught.value)


def test_a_bots_token_and_a_bots_session_are_explained(telegram: Telegram, sara: Any) -> None:
    bot = telegram.world.add_account(phone="+251911000009", first_name="Helper", username="helper_bot", is_bot=True)
    for session in (BOT_TOKEN, telegram.world.session_string(bot, telegram.server)):
        with pytest.raises(SourceError, match="bots cannot read a channel's history"):
            telegram.scrape(session=SecretStr(session))


@pytest.mark.parametrize(
    "error",
    ["SESSION_REVOKED", "AUTH_KEY_UNREGISTERED", "USER_DEACTIVATED_BAN", "SESSION_EXPIRED", "USER_DEACTIVATED"],
)
def test_an_account_that_is_no_longer_usable_is_said_to_be(telegram: Telegram, sara: Any, error: str) -> None:
    telegram.world.revoke(telegram.account, error)
    with pytest.raises(SourceError, match=f"Telegram refuses this account: .*mtw login.*{error}"):
        telegram.scrape()


def test_a_session_of_another_server_is_not_known_here(telegram: Telegram, sara: Any) -> None:
    session = StringSession(telegram.session)
    key = type(session.auth_key)(bytes([7]) * 256)
    session.auth_key = key
    with pytest.raises(SourceError, match="does not know this session"):
        telegram.scrape(session=SecretStr(session.save()))


def test_nobody_is_logged_in_without_a_session_and_else_it_says_who(telegram: Telegram, sara: Any) -> None:
    assert asyncio.run(who_is_logged_in(telegram.access(session=None))) is None
    assert str(asyncio.run(who_is_logged_in(telegram.access()))).startswith("Abebe (@abebe, ")


@pytest.fixture
def settings(telegram: Telegram, sara: Any) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TELEGRAM_")}
    return {
        **kept,
        "TELEGRAM_API_ID": "12345",
        "TELEGRAM_API_HASH": HASH,
        "TELEGRAM_CHANNELS": "chemed",
        "TELEGRAM_DC": telegram.server.dc,
        "TELEGRAM_DC_PUBLIC_KEY": str(telegram.server.public_key_spki),
        "DATA_DIR": str(telegram.root / "data"),
        "POSTGRES_PORT": "1",
    }


ANSWERS = {"TELEGRAM_PHONE": PHONE, "TELEGRAM_CODE": CODE, "TELEGRAM_PASSWORD": PASSWORD}


def mtw(settings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MTW, *arguments],
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def test_the_command_takes_answers_from_the_environment_and_runs_need_none(
    telegram: Telegram, settings: dict[str, str]
) -> None:
    done = mtw({**settings, **ANSWERS, "LOG_LEVEL": "DEBUG"}, "login")
    assert done.returncode == 0, done.stderr
    assert "logged in as Sara (@sara, " in done.stderr
    session = telegram.root / "data" / "telegram" / "session"
    assert str(session) in done.stderr
    assert stat.S_IMODE(session.stat().st_mode) == 0o600
    told = done.stdout + done.stderr
    assert [secret for secret in (HASH, PHONE, CODE, PASSWORD, session.read_text()) if secret in told] == []

    scraped = mtw(settings, "scrape", "--source", "telegram")
    assert scraped.returncode == 0, scraped.stderr
    assert "1 new messages" in scraped.stdout
    assert lines(telegram.root / "data")[0]["message_text"] == "Zinc 20mg 50 birr"
    assert "already logged in as Sara" in mtw(settings, "login").stderr


def test_the_session_can_be_printed_alone_for_the_environment(telegram: Telegram, settings: dict[str, str]) -> None:
    done = mtw({**settings, **ANSWERS}, "login", "--print")
    assert done.returncode == 0, done.stderr
    assert StringSession(done.stdout.strip()).auth_key is not None
    assert not (telegram.root / "data" / "telegram" / "session").exists()
    scraped = mtw({**settings, "TELEGRAM_SESSION": done.stdout.strip()}, "scrape")
    assert "1 new messages" in scraped.stdout


def test_without_a_terminal_what_is_missing_is_named(settings: dict[str, str]) -> None:
    done = mtw({**settings, "TELEGRAM_PHONE": PHONE}, "login")
    assert done.returncode == 1
    assert "TELEGRAM_CODE is not set, and there is no terminal to ask for it" in done.stderr
    wrong = mtw({**settings, **ANSWERS, "TELEGRAM_CODE": "99999"}, "login")
    assert "Telegram does not accept this code in TELEGRAM_CODE" in wrong.stderr
    assert "99999" not in wrong.stderr


def test_on_a_terminal_it_asks_and_hides_the_password(settings: dict[str, str]) -> None:
    own, theirs = pty.openpty()
    answers = [PHONE, CODE, PASSWORD]
    shown, question = "", ""
    with subprocess.Popen(
        [MTW, "login"], env=settings, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as child:
        os.close(theirs)
        while select.select([own], [], [], 30)[0]:
            try:
                text = os.read(own, 1000).decode()
            except OSError:  # the other end is closed
                break
            shown, question = shown + text, question + text
            if question.endswith(": "):
                os.write(own, f"{answers.pop(0)}\n".encode())
                question = ""
        assert child.wait(30) == 0
    os.close(own)
    assert answers == []
    assert "logged in as" in shown
    assert PASSWORD not in shown


def test_login_without_credentials_says_where_to_get_them(settings: dict[str, str]) -> None:
    done = mtw({**settings, "TELEGRAM_API_HASH": ""}, "login")
    assert done.returncode == 1
    assert "my.telegram.org" in done.stderr


def test_the_doctor_connects_and_says_as_whom(telegram: Telegram, settings: dict[str, str]) -> None:
    ready = {**settings, "TELEGRAM_SESSION": telegram.session}
    assert "telegram at 127.0.0.1:" in mtw(ready, "doctor").stdout
    assert "as Abebe (@abebe, " in mtw(ready, "doctor").stdout
    nobody = mtw(settings, "doctor")
    assert "nobody is logged in" in nobody.stdout
    assert "mend: mtw login" in nobody.stdout
    assert "no channel is named" in mtw({**ready, "TELEGRAM_CHANNELS": ""}, "doctor").stdout
