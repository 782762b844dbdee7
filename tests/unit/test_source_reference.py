"""What users write for a channel, and what it means."""

from __future__ import annotations

import pytest

from medical_telegram_warehouse.sources.reference import Reference, ReferenceKind, parse_reference


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("lobelia4cosmetics", ReferenceKind.USERNAME, "lobelia4cosmetics"),
        (" CheMed ", ReferenceKind.USERNAME, "CheMed"),
        ("@chemed", ReferenceKind.USERNAME, "chemed"),
        ("https://t.me/chemed", ReferenceKind.USERNAME, "chemed"),
        ("http://www.t.me/chemed/123?single", ReferenceKind.USERNAME, "chemed"),
        ("t.me/s/chemed", ReferenceKind.USERNAME, "chemed"),
        ("https://telegram.me/chemed#x", ReferenceKind.USERNAME, "chemed"),
        ("https://t.me/+AbC-_123", ReferenceKind.INVITE, "AbC-_123"),
        ("t.me/joinchat/AbC123", ReferenceKind.INVITE, "AbC123"),
        ("+AbC-_123", ReferenceKind.INVITE, "AbC-_123"),
        ("+251911000001", ReferenceKind.TITLE, "+251911000001"),
        ("https://t.me/c/1500000001/77", ReferenceKind.NUMBER, "1500000001"),
        ("-1001500000001", ReferenceKind.NUMBER, "1500000001"),
        ("1500000001", ReferenceKind.NUMBER, "1500000001"),
        ("-4567", ReferenceKind.NUMBER, "4567"),
        ("-100" + "9" * 19, ReferenceKind.NUMBER, "9" * 19),
        ("9" * 5000, ReferenceKind.TITLE, "9" * 5000),
        ("t.me/c/" + "9" * 5000, ReferenceKind.USERNAME, "c"),
        ("Lobelia Cosmetics", ReferenceKind.TITLE, "Lobelia Cosmetics"),
        ("ሎቤሊያ", ReferenceKind.TITLE, "ሎቤሊያ"),
        ("../../etc", ReferenceKind.TITLE, "../../etc"),
        ("", ReferenceKind.TITLE, ""),
    ],
)
def test_each_way_to_name_a_channel_is_told_from_the_others(text: str, kind: ReferenceKind, value: str) -> None:
    reference = parse_reference(text)
    assert (reference.kind, reference.value) == (kind, value)


def test_a_bare_word_may_be_a_title_too_and_one_with_a_sign_may_not() -> None:
    assert parse_reference("CheMed") == Reference(ReferenceKind.USERNAME, "CheMed", is_bare=True)
    assert not parse_reference("@CheMed").is_bare
    assert not parse_reference("t.me/CheMed").is_bare
