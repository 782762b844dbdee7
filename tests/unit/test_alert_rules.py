"""The analysts' file: what may stand in it, and what is said of what may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from medical_telegram_warehouse.alerts.rules import AlertRules, PriceJump, load_rules
from medical_telegram_warehouse.errors import SettingsError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "alert-rules.toml"


def test_no_file_is_no_rule() -> None:
    assert load_rules(None) == AlertRules()


def test_each_kind_of_rule_is_read_with_its_defaults(file: Path) -> None:
    file.write_text(
        """
        [[price_jump]]
        product = "amoxicillin*"
        percent = 12.5
        direction = "up"

        [[price_jump]]
        channel = "CheMed"

        [[new_product]]
        [[product_gone]]
        days = 14
        [[silent_channel]]
        channel = "CheMed"
        hours = 36
        """
    )
    rules = load_rules(file)
    assert rules.price_jump == (
        PriceJump(product="amoxicillin*", percent=12.5, direction="up"),
        PriceJump(channel="CheMed", percent=20),
    )
    assert rules.new_product[0].product == "*"
    assert rules.product_gone[0].days == 14
    assert rules.silent_channel[0].hours == 36


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[[price_jump]]\npercent = 0", r"percent|> 0"),
        ("[[price_jump]]\npercnt = 10", "percnt"),
        ("[[price_drop]]", "price_drop"),
        ("[[price_jump]]\ndirection = 'sideways'", "direction"),
        ("[price_jump]\npercent = 10", "array"),
        ("[[silent_channel]]\nhours = 'three'", "hours"),
        ("[[product_gone]]\ndays = 0", "days"),
        ("[[new_product]\n", "line 1"),
        ("[[new_product]]\nproduct = ''", "product"),
    ],
)
def test_what_cannot_be_used_is_said_with_the_file_and_the_place(file: Path, content: str, says: str) -> None:
    file.write_text(content)
    with pytest.raises(SettingsError, match=says) as raised:
        load_rules(file)
    assert str(file) in str(raised.value)
    assert "ALERT_RULES" in str(raised.value)


def test_a_file_that_is_missing_or_no_text_says_so(file: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_rules(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="ALERT_RULES"):
        load_rules(file)


def test_a_rule_that_is_changed_is_another_rule() -> None:
    """Else a lower percentage would tell of everything at once that the higher one let pass."""
    assert PriceJump(percent=20).source == PriceJump().source
    assert PriceJump(percent=10).source != PriceJump().source
    assert PriceJump(channel="a").source != PriceJump(product="a").source


def test_patterns_are_those_of_a_shell_and_never_sql() -> None:
    assert PriceJump(product="amox*_50%?\\").product_pattern == "amox%\\_50\\%_\\\\"
