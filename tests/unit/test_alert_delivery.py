"""Messages that arrive on a real mail server and a real HTTP endpoint, or do not, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from alert_servers import PASSWORD, TOKEN, Hook, MailServer
from conftest import free_port
from medical_telegram_warehouse.alerts.book import Book, open_book
from medical_telegram_warehouse.alerts.delivery import deliver, destinations_of
from medical_telegram_warehouse.alerts.outbox import Message
from medical_telegram_warehouse.alerts.problems import Severity
from medical_telegram_warehouse.logs import PACKAGE

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # imported by apprise
NOW = datetime(2026, 10, 1, 2, tzinfo=UTC)
MESSAGE = Message("warehouse: a run failed", "ERROR: a run failed\n  - <b>scrape</b> & load", Severity.ERROR)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with open_book(tmp_path / "alerts.sqlite") as book:
        yield book


def put(book: Book, urls: list[str], message: Message = MESSAGE) -> dict[str, str | None]:
    destinations = destinations_of([SecretStr(url) for url in urls])
    book.outbox.add(message, NOW, [each.fingerprint for each in destinations])
    return deliver(book.outbox, destinations, NOW)


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """By us: apprise's own lines, which name parts of URLs, reach nobody but pytest, which puts handlers everywhere."""
    return "\n".join(record.getMessage() for record in caplog.records if record.name.startswith(PACKAGE))


def again(book: Book, urls: list[str]) -> dict[str, str | None]:
    return deliver(book.outbox, destinations_of([SecretStr(url) for url in urls]), NOW)


def test_a_message_arrives_by_mail_and_by_http_once(mail: MailServer, hook: Hook, book: Book) -> None:
    assert set(put(book, [mail.url, hook.url]).values()) == {None}
    [letter] = mail.mails
    assert letter.subject == MESSAGE.title
    assert letter.body.strip().splitlines() == MESSAGE.body.splitlines()
    assert letter.recipients == ["person-on-call@example.org"]
    [post] = hook.posts
    assert (post["title"], post["message"], post["type"]) == (MESSAGE.title, MESSAGE.body, "failure")
    assert again(book, [mail.url, hook.url]) == {}
    assert len(mail.mails) == len(hook.posts) == 1


def test_one_destination_that_is_down_keeps_its_messages_and_costs_the_other_nothing(
    mail: MailServer, book: Book, caplog: pytest.LogCaptureFixture
) -> None:
    hook = Hook(free_port())
    results = put(book, [mail.url, hook.url])
    assert len(mail.mails) == 1
    assert [name for name, reason in results.items() if reason] == ["destination 2 (JSON at 127.0.0.1)"]
    put(book, [mail.url, hook.url], Message("warehouse: recovered: a run failed", "RECOVERED", None))
    assert len(mail.mails) == 2
    with hook.serving():
        assert set(again(book, [mail.url, hook.url]).values()) == {None}
    [post] = hook.posts
    assert post["title"] == "warehouse: recovered: a run failed (and 1 earlier, which could not be sent)"
    assert MESSAGE.body in post["message"]
    assert len(logged(caplog).splitlines()) == 1, "once an hour"


def test_a_server_that_answers_with_an_error_has_not_got_the_message(hook: Hook, book: Book) -> None:
    hook.status = 500
    [reason] = put(book, [hook.url]).values()
    assert "500" in str(reason)
    hook.status = 200
    assert list(again(book, [hook.url]).values()) == [None]


def test_a_wrong_password_is_said_and_not_shown(
    mail: MailServer, book: Book, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    [reason] = put(book, [mail.url.replace(PASSWORD, "another-secret-0042")]).values()
    assert "535" in str(reason)
    assert mail.mails == []
    output = capfd.readouterr()
    for text in (str(reason), logged(caplog), output.out, output.err):
        assert "another-secret-0042" not in text


@pytest.mark.parametrize(
    "url",
    [
        "nonsense://hidden-token-4711/path",
        "slack://hidden-token-4711",
        "mailto://someone:hidden-token-4711@",
        "hidden-token-4711",
        "://hidden-token-4711",
    ],
)
def test_a_url_that_is_not_understood_is_said_by_its_number_alone(
    url: str, book: Book, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    [(name, reason)] = put(book, [url]).items()
    assert name == "destination 1"
    assert reason is not None
    assert "does not understand" in reason
    output = capfd.readouterr()
    for text in (reason, logged(caplog), output.out, output.err):
        assert "hidden-token-4711" not in text
    assert book.outbox.unsent() == 1


def test_a_destination_is_named_without_its_secrets() -> None:
    urls = [
        f"json://127.0.0.1:1/{TOKEN}",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#alerts",
        "tgram://123456789:abcdefg_hijklmnop/12315544/",
        "mailtos://alerts%40example.org:app-password@smtp.example.org:587/?from=alerts@example.org&to=you@example.org",
    ]
    names = [each.name for each in destinations_of([SecretStr(url) for url in urls])]
    assert names == [
        "destination 1 (JSON at 127.0.0.1)",
        "destination 2 (Slack)",
        "destination 3 (Telegram)",
        "destination 4 (E-Mail at smtp.example.org)",
    ]


def test_the_same_url_twice_is_one_destination() -> None:
    assert len(destinations_of([SecretStr("json://127.0.0.1:1"), SecretStr("json://127.0.0.1:1")])) == 1


def test_what_is_too_long_for_a_service_is_sent_in_parts(hook: Hook, book: Book) -> None:
    """Telegram refuses more than 4096 characters, and the alert would wait for ever."""
    [destination] = destinations_of([SecretStr(hook.url)])
    assert destination.service is not None
    destination.service.body_maxlen = 2000
    body = "\n".join(f"row {number}" for number in range(1000))
    assert destination.send(Message("long", body, Severity.ERROR)) is None
    assert len(hook.posts) > 1
    assert all(len(post["message"]) <= 2000 for post in hook.posts)
    assert "row 999" in hook.posts[-1]["message"]
