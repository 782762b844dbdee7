"""Pages of the public preview: each post is a message or counted with a reason, and no page is too much."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

import pytest
from hypothesis import given
from selectolax.lexbor import LexborHTMLParser, LexborNode

from fuzz.answers import check_written, is_storable
from fuzz.mutations import MOST_SECONDS, each_seed, fuzzed, mutated_bytes, mutated_text
from medical_telegram_warehouse.errors import ChannelError, PhotoError
from medical_telegram_warehouse.records import MAX_BIGINT, MAX_COUNT, Message
from medical_telegram_warehouse.sources.base import PhotoFetch
from medical_telegram_warehouse.sources.reference import ReferenceKind, parse_reference
from medical_telegram_warehouse.sources.web_preview.counters import read_counter
from medical_telegram_warehouse.sources.web_preview.messages import observations
from medical_telegram_warehouse.sources.web_preview.page import ParsedPage, parse_page
from medical_telegram_warehouse.sources.web_preview.photos import _absolute
from medical_telegram_warehouse.sources.web_preview.post import MAX_HTML, POST
from medical_telegram_warehouse.sources.web_preview.references import is_user_name, user_name

TOKENS = [
    *(b"<", b">", b'"', b"'", b"&", b"<!--", b"-->", b"</div>", b"<div>", b"<b>", b"</b>", b"<a href='", b"<br/>"),
    *(b"<template>", b"</template>", b"<script>", b"<svg>", b"<math>", b"<table>", b"<td>", b"<select>"),
    *(b"<plaintext>", b"<noscript>", b"<frameset>", b"</html>", b"<![CDATA[", b"<?xml", b"\x00", b"\xff"),
    *(b"\xed\xa0\x80", b"&#0;", b"&#xD800;", b"&#x1F48A;", b"&nbsp;", b'class="', b"tgme_widget_message "),
    *(b"tgme_reaction", b"js-message_text", b"<div>" * 300, b"<b><i>" * 200, b"tgme_widget_message_photo_wrap"),
    *(b"tgme_widget_message_document_wrap", b"tgme_widget_message_reply", b"emoji", b'data-post="Shop/'),
    *(b'data-post="shop/007"', b"Shop/9223372036854775807", b"Shop/9223372036854775808", b"9B", b'datetime="'),
    *(b"9999-12-31T23:59:59Z", b"0001-01-01T00:00:00Z", b"T24:00", b"+23:59", b"background-image:url("),
    *(b"https://t.me/Shop/6?single", b"https://t.me/joinchat/x", b"javascript:", b"//["),
]
DATE = b'<a class="tgme_widget_message_date"><time datetime="2026-09-30T08:00:00Z"></time></a>'
AT = datetime(2026, 10, 1, tzinfo=UTC)


def messages_of(page: ParsedPage, addresses: list[str]) -> list[Message]:
    async def fetch(file: BinaryIO) -> None:
        """Nothing is asked for here."""

    def photo(address: str) -> PhotoFetch:
        addresses.append(address)
        return fetch

    found = observations(page.posts, channel_name="Shop", source="web", scraped_at=AT, photo=photo)
    return [each.message for each in found]


def outermost(node: LexborNode | None, name: str) -> Iterator[LexborNode]:
    """The elements of a class that lie in no other one, found in another way than the parser's."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if node is None:
            continue
        waiting.append(node.next)
        if node.is_element_node and name in (node.attributes.get("class") or "").split():
            yield node
        else:
            waiting.append(node.child)


def check(body: bytes) -> None:
    page = parse_page(body)
    assert page == parse_page(body)
    widgets = list(outermost(LexborHTMLParser(body.decode("utf-8", "replace")).root, POST))
    assert len(page.posts) + page.service_messages + len(page.unusable) == len(widgets), "each is used, or counted"
    assert page.ids >= {post.message_id for post in page.posts}
    assert all(0 < number <= MAX_BIGINT for number in page.ids)
    assert is_storable([*page.channel, *page.unusable, *(post.html for post in page.posts)])
    assert all(len(post.html) <= MAX_HTML for post in page.posts)
    assert page.channel.username is None or is_user_name(page.channel.username)
    addresses: list[str] = []
    messages = messages_of(page, addresses)
    check_written(messages)
    for message in messages:
        assert len(message.message_text) <= len(body)
        units = len(message.message_text.encode("utf-16-le")) // 2
        assert all(0 <= each["offset"] < each["offset"] + each["length"] <= units for each in message.entities or ())
    for address in addresses:
        check_address(address)


def check_address(address: str) -> None:
    try:
        url = _absolute("https://t.me", address)
    except PhotoError:
        return
    assert url.startswith(("http://", "https://"))


@each_seed("preview_pages")
def test_each_seed_is_read(seed: bytes) -> None:
    check(seed)


@fuzzed(2)
@given(mutated_bytes("preview_pages", TOKENS))
def test_any_page_is_read_and_its_posts_counted(body: bytes) -> None:
    check(body)


@fuzzed()
@given(mutated_text("counters", ["K", "M", "B", ".", ",", "9" * 19, "1e9", "-", "٣", "\u00a0"]))
def test_any_counter_is_a_count_or_none(text: str) -> None:
    count = read_counter(text)
    assert count is None or 0 <= count <= MAX_COUNT


def check_reference(text: str) -> None:
    reference = parse_reference(text)
    assert len(reference.value) <= len(text)
    if reference.kind is ReferenceKind.NUMBER:
        assert int(reference.value) >= 0
    try:
        name = user_name(text)
    except ChannelError as refused:
        assert "@name" in str(refused)  # noqa: PT017 -- any other error fails the test, and a name is as good
    else:
        assert name.isascii()
        assert name.replace("_", "").isalnum()


@each_seed("references")
def test_each_reference_is_of_a_kind(seed: bytes) -> None:
    check_reference(seed.decode())


@fuzzed(2)
@given(
    mutated_text(
        "references",
        ["@", "/", "+", "-100", "-", "t.me/", "joinchat/", "/s/", "c/", "?", "#", "..", "%2e", "\n", "9" * 30],
    )
)  # fmt: skip
def test_any_reference_is_of_a_kind_and_only_user_names_reach_an_address(text: str) -> None:
    check_reference(text)


@pytest.mark.parametrize("tag", ["div", "b", "a", "table", "blockquote", "tg-spoiler", "svg", "select", "template"])
def test_a_page_that_is_nested_as_deep_as_a_page_may_be_is_read_in_time(tag: str) -> None:
    """How deep is its author's choice; each of them once cost a look at all that lies in it."""
    nested = f'<{tag} class="tgme_widget_message_document_wrap">'.encode() * 10_000
    begun = time.process_time()
    check(b'<div class="tgme_widget_message" data-post="Shop/1"><div class="js-message_text">' + nested)
    check(b'<div class="tgme_widget_message" data-post="Shop/1">' + DATE + nested)
    assert time.process_time() - begun < MOST_SECONDS
