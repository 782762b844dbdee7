"""What the marts tell: channels that fall silent, unusual days, and what the analysts' rules ask for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alert_servers import Hook
from conftest import Database
from factories import lake_file, line
from medical_telegram_warehouse import steps
from medical_telegram_warehouse.alerts.look import look
from medical_telegram_warehouse.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # imported by apprise
RULES = """
[[price_jump]]
product = "amoxi*"
percent = 20

[[price_jump]]
product = "paracetamol"
direction = "up"

[[new_product]]
[[product_gone]]
days = 14

[[silent_channel]]
channel = "Quick*"
hours = 30
"""
START = datetime(2026, 6, 1, 9, tzinfo=UTC)
LAST = 60
"""The newest day, counted from START."""


class Shops:
    """A lake that grows by a file a time, and the marts that are built of it."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._numbers: dict[str, int] = {}
        self._files = 0

    def post(self, **posts: list[tuple[int, str]]) -> None:
        """Texts of channels by day since START."""
        for channel, texts in posts.items():
            content = b""
            for day, text in texts:
                number = self._numbers[channel] = self._numbers.get(channel, 0) + 1
                moment = START + timedelta(days=day, minutes=number)
                content += line(number, channel_name=channel, message_text=text, message_date=moment.isoformat())
            self._files += 1
            lake_file(self._settings.lake_root, content, name=f"{channel}-{self._files}.jsonl")

    def build(self, *, looked_at: datetime) -> None:
        """What a run does after scraping, and the run that says when it scraped."""
        for step in (steps.load_step, steps.extract_step, steps.transform_step):
            step(self._settings)
        values: dict[str, Any] = {"id": f"run {looked_at}", "at": looked_at, "steps": list(steps.STEPS)}
        with self._database.connect() as connection:
            connection.execute(
                "INSERT INTO ops.runs (run_id, job, launched_by, status, started_at, finished_at, steps)"
                " VALUES (%(id)s, 'medical_telegram_warehouse_pipeline', 'schedule', 'success', %(at)s, %(at)s,"
                " %(steps)s)",
                values,
            )


def offer(product: str, price: int) -> str:
    return f"{product}\nPrice: {price} birr\nCall 0911234567"


def test_what_happens_in_the_marts_is_told_once_and_what_was_there_before_is_not(
    make_settings: Callable[..., Settings], database: Database, hook: Hook, tmp_path: Path
) -> None:
    (tmp_path / "rules.toml").write_text(RULES)
    settings = make_settings(alert_urls=hook.url, alert_rules=tmp_path / "rules.toml")
    shops = Shops(settings, database)
    daily = [(day, offer("Amoxicillin 500mg capsule", 300)) for day in range(LAST)]
    shops.post(
        Daily=[*daily, *((day, offer("Paracetamol 500mg tablet", 50)) for day in range(LAST - 20, LAST))],
        Weekly=[(day, offer("Zinc 20mg tablet", 100)) for day in range(0, LAST, 7)],
        QuickShop=[(day, "good morning") for day in range(LAST)],
        Bursting=[(day, f"offer {number}") for day in range(0, LAST, 3) for number in range(20)],
        Rare=[(1, "hello"), (2, "hello again")],
        Leaving=[(day, offer("Omeprazole 20mg capsule", 200)) for day in range(LAST - 14)],
        LeavingToo=[(day, "still here") for day in range(LAST)],
    )
    now = START + timedelta(days=LAST)
    shops.build(looked_at=now)
    look(settings, now=now)
    told = "\n".join(post["message"] for post in hook.posts)
    assert "NEW PRODUCT" not in told
    assert "PRICE JUMP" not in told
    assert "channel Leaving is silent, against its habit" in told
    assert "it usually posts every 1 day or more often" in told
    for quiet in ("Daily", "Weekly", "Bursting", "Rare", "LeavingToo"):
        assert f"channel {quiet} is silent" not in told, quiet
    hook.posts.clear()

    shops.post(
        Daily=[
            (LAST, offer("Amoxicillin 500mg capsule", 390)),
            (LAST, offer("Paracetamol 500mg tablet", 40)),
            (LAST, offer("Ciprofloxacin 500mg tablet", 250)),
        ],
        QuickShop=[(LAST, f"today only, number {number}") for number in range(60)],
        Leaving=[(LAST + 1, "we are back, without it")],
        LeavingToo=[(LAST + 1, "still here")],
    )
    now = START + timedelta(days=LAST + 2)
    shops.build(looked_at=now)
    look(settings, now=now)
    [post] = hook.posts
    message = post["message"]
    assert (
        "PRICE JUMP: 1\n  - amoxicillin 500mg capsule in Daily: 390 ETB on 2026-07-31, +30% from 300 ETB on 2026-07-30"
        in message
    )
    assert "NEW PRODUCT: 1\n  - ciprofloxacin 500mg tablet, first in Daily on 2026-07-31 for 250 ETB" in message
    assert "PRODUCT GONE: 1\n  - omeprazole 20mg capsule, last in Leaving on 2026-07-16" in message
    assert "UNUSUAL VOLUME: 1\n  - QuickShop on 2026-07-31: unusually many messages, 60 where 1 are usual" in message
    assert "RECOVERED: channel Leaving is silent" in message
    assert "channel QuickShop is silent, more than 30 hours" in message
    assert "channel Daily is silent" not in message

    look(settings, now=now + timedelta(minutes=1))
    assert len(hook.posts) == 1, "each is told once"
