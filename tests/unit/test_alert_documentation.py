"""What docs/alerts.md and the example say can be copied."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from medical_telegram_warehouse.alerts.delivery import destinations_of
from medical_telegram_warehouse.alerts.rules import load_rules
from medical_telegram_warehouse.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # imported by apprise
DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "alerts.md").read_text("utf-8")
URLS = re.findall(r"`(\w+://[^`…]+)`", PAGE)


def test_there_are_examples_of_each_kind() -> None:
    assert {url.split("://")[0] for url in URLS} == {"mailtos", "mailto", "slack", "tgram", "jsons"}


@pytest.mark.parametrize("url", URLS)
def test_each_example_of_a_url_is_understood(url: str) -> None:
    [destination] = destinations_of([SecretStr(url)])
    assert destination.service is not None, destination.reason
    for secret in ("PASSWORD", "TIiajkdnlazkcOXrIdevi7FQ", "AAFqwertyuiopASDFGHJKL"):
        assert secret not in destination.name


def test_all_of_them_can_stand_in_one_setting() -> None:
    assert [url.get_secret_value() for url in Settings(_env_file=None, alert_urls=" ".join(URLS)).alert_urls] == URLS


def test_mail_goes_to_the_people_and_by_the_server_that_the_example_names() -> None:
    [destination] = destinations_of([SecretStr(URLS[1])])
    assert destination.name == "destination 1 (E-Mail at smtp.example.org)"
    assert [address for _, address in getattr(destination.service, "targets")] == [  # noqa: B009 - it has no types
        "you@example.org",
        "me@example.org",
    ]


def test_the_examples_of_rules_are_rules_and_show_each_kind(tmp_path: Path) -> None:
    [example] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "rules.toml").write_text(example, "utf-8")
    for path in (tmp_path / "rules.toml", DOCS / "alert-rules.example.toml"):
        rules = load_rules(path)
        for kind in rules.__struct_fields__:
            assert getattr(rules, kind), f"{path.name}: {kind}"


def test_each_setting_of_a_rule_is_explained() -> None:
    rules = load_rules(DOCS / "alert-rules.example.toml")
    for kind in rules.__struct_fields__:
        [row] = re.findall(rf"^\| `{kind}` \|.*$", PAGE, re.MULTILINE)
        for name in getattr(rules, kind)[0].__struct_fields__:
            assert f"`{name}`" in row, f"{kind}: {name}"
