"""What a page of the public preview says, read from HTML in the site's structure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import patiently
from medical_telegram_warehouse.errors import ChannelError
from medical_telegram_warehouse.records import Message
from medical_telegram_warehouse.sources.web_preview.counters import read_counter
from medical_telegram_warehouse.sources.web_preview.messages import observations
from medical_telegram_warehouse.sources.web_preview.page import ParsedPage, parse_page
from medical_telegram_warehouse.sources.web_preview.post import MAX_HTML, ParsedPost
from medical_telegram_warehouse.sources.web_preview.references import user_name
from preview_server import FIRST_DATE, PreviewChannel, PreviewPost, PreviewServer, posts

TIME = '<a class="tgme_widget_message_date"><time datetime="2026-09-30T11:00:00+03:00"></time></a>'


def widget(inside: str = "", *, post: str = "Shop/123", time: str = TIME) -> bytes:
    return f'<div class="tgme_widget_message" data-post="{post}">{inside}{time}</div>'.encode()


def only_post(inside: str = "") -> ParsedPost:
    page = parse_page(widget(inside))
    assert page.unusable == ()
    [post] = page.posts
    return post


def text_of(html: str) -> tuple[str, tuple[dict[str, Any], ...]]:
    text = only_post(f'<div class="tgme_widget_message_text js-message_text" dir="auto">{html}</div>').text
    return text.text, text.entities


def messages_of(body: bytes) -> list[Message]:
    async def fetch(file: BinaryIO) -> None:
        """Bytes are another test's subject."""

    at = datetime(2026, 10, 1, tzinfo=UTC)
    found = observations(
        parse_page(body).posts, channel_name="Shop", source="web", scraped_at=at, photo=lambda _: fetch
    )
    return [each.message for each in found]


def full_page(*shown: PreviewPost, **facts: Any) -> ParsedPage:
    channel = PreviewChannel("Shop", list(shown), **facts)
    return parse_page(PreviewServer().page(channel, None).encode())


def test_a_page_tells_what_its_channel_is() -> None:
    channel = full_page(*posts(7), is_verified=True).channel
    assert channel.username == "Shop"
    assert channel.title == "Zinc & Syrup"
    assert channel.description == "First line\nsecond line"
    assert channel.subscribers == 12_500
    assert channel.is_verified
    assert channel.telegram_id == 1096873512


def test_a_channel_without_posts_has_the_name_of_its_header() -> None:
    page = full_page()
    assert page.is_preview
    assert page.channel.username == "Shop"
    assert page.channel.is_verified is False


def test_what_a_page_does_not_say_of_a_channel_is_unknown() -> None:
    channel = parse_page(widget()).channel
    assert (channel.title, channel.description, channel.subscribers, channel.is_verified) == (None, None, None, None)


@pytest.mark.parametrize(
    ("shown", "number"),
    [("834", 834), ("12.5K", 12_500), ("1.2M", 1_200_000), ("2b", 2_000_000_000), ("1 234", 1234), ("1,234", 1234)],
)
def test_rounded_counters_become_numbers(shown: str, number: int) -> None:
    assert read_counter(shown) == number


@pytest.mark.parametrize("shown", ["", "K", "many", "-5", "1.2.3", "12.5X", "9" * 19 + "B", "٣"])
def test_a_counter_that_is_none_is_unknown_and_not_zero(shown: str) -> None:
    assert read_counter(shown) is None


def test_line_breaks_and_emoji_are_characters() -> None:
    # Offsets count in UTF-16 units, in which the circle is two.
    html = '<i class="emoji" style="x"><b>🟢</b></i> Zinc<br/>ብር <tg-emoji emoji-id="5"><b>💊</b></tg-emoji><b>new</b>'
    assert text_of(html) == ("🟢 Zinc\nብር 💊new", ({"type": "bold", "offset": 13, "length": 3},))


@pytest.mark.parametrize(
    ("html", "entity"),
    [
        ("<b>zinc</b>", {"type": "bold"}),
        ("<i>zinc</i>", {"type": "italic"}),
        ("<s>zinc</s>", {"type": "strike"}),
        ("<u>zinc</u>", {"type": "underline"}),
        ("<code>zinc</code>", {"type": "code"}),
        ("<tg-spoiler>zinc</tg-spoiler>", {"type": "spoiler"}),
        ('<span class="tg-spoiler">zinc</span>', {"type": "spoiler"}),
        ('<a href="https://example.com/a">zinc</a>', {"type": "text_link", "url": "https://example.com/a"}),
        ('<a href="http://zinc">zinc</a>', {"type": "url"}),
        ('<a href="?q=%23zinc">#zinc</a>', {"type": "hashtag"}),
        ('<a href="https://t.me/Zinc">@zinc</a>', {"type": "mention"}),
        ('<a href="https://evil.example/">@zinc</a>', {"type": "text_link", "url": "https://evil.example/"}),
        ('<a href="tel:+251911">+251911</a>', {"type": "phone"}),
    ],
)
def test_formatting_becomes_entities(html: str, entity: dict[str, str]) -> None:
    text, entities = text_of(f"<br/> 🟢 {html} <br/>")
    assert not text.startswith("\n")
    assert entities == ({**entity, "offset": 3, "length": len(text) - 2},)


def test_formatting_inside_formatting_is_kept() -> None:
    assert text_of("<b>a <i>b</i></b>") == (
        "a b",
        ({"type": "bold", "offset": 0, "length": 3}, {"type": "italic", "offset": 2, "length": 1}),
    )


@pytest.mark.parametrize("tag", ["blockquote", "pre"])
def test_a_block_stands_on_its_own_lines(tag: str) -> None:
    expected = ("before\nin\nafter", ({"type": tag, "offset": 7, "length": 2},))
    assert text_of(f"before<{tag}>in</{tag}>after") == expected
    assert text_of(f"before<br/><{tag}>in</{tag}><br/>after") == expected


def test_a_script_of_a_link_is_no_link() -> None:
    assert text_of('<a href="javascript:alert(1)">zinc</a>') == ("zinc", ())


def test_links_are_listed_once_and_in_order_without_mentions() -> None:
    html = (
        '<a href="https://b.example/">b.example</a> <a href="https://t.me/name">@name</a> '
        '<a href="https://a.example/?x=1&amp;y=2">here</a> <a href="https://b.example/">again</a>'
    )
    post = only_post(f'<div class="tgme_widget_message_text js-message_text">{html}</div>')
    assert post.text.urls == ("https://b.example/", "https://a.example/?x=1&y=2")


def test_a_text_inside_a_text_is_read_once() -> None:
    # The site nests the element in itself on some pages.
    html = '<div class="tgme_widget_message_text js-message_text" dir="auto">Zinc</div>'
    assert text_of(html)[0] == "Zinc"


def test_the_quoted_message_is_no_part_of_the_text() -> None:
    page = full_page(PreviewPost(9, FIRST_DATE, "Answer", reply=(5, "<b>Question</b>")))
    assert page.posts[0].text.text == "Answer"
    assert page.posts[0].text.entities == ()
    assert page.posts[0].reply_to_message_id == 5


def test_a_reply_without_a_text_does_not_borrow_the_quoted_one() -> None:
    quoted = '<a class="tgme_widget_message_reply"><div class="tgme_widget_message_text js-message_text">Q</div></a>'
    assert only_post(quoted).text.text == ""


def test_a_reply_to_another_channel_gives_no_number_of_this_one() -> None:
    assert (
        only_post('<a class="tgme_widget_message_reply" href="https://t.me/other/5"></a>').reply_to_message_id is None
    )


@pytest.mark.parametrize(
    ("forward", "name", "number"),
    [
        ('<a class="tgme_widget_message_forwarded_from_name" href="https://t.me/origin/77">A title</a>', "origin", 77),
        ('<a class="tgme_widget_message_forwarded_from_name" href="https://t.me/origin">A title</a>', "origin", None),
        ('<a class="tgme_widget_message_forwarded_from_name" href="https://t.me/c/1/7">A title</a>', "A title", None),
        ('<span class="tgme_widget_message_forwarded_from_name">Abebe</span>', "Abebe", None),
    ],
)
def test_a_forward_names_its_origin(forward: str, name: str, number: int | None) -> None:
    [post] = full_page(PreviewPost(9, FIRST_DATE, forward=forward)).posts
    assert (post.forwarded_from, post.forwarded_from_message_id) == (name, number)


def test_views_author_and_date_belong_to_the_message() -> None:
    [post] = full_page(PreviewPost(9, FIRST_DATE, "Zinc", views="12.5K", author="Sara")).posts
    [message] = messages_of(post.html.encode())
    assert (message.views, message.views_exact, message.post_author) == (12_500, False, "Sara")
    assert message.message_date == FIRST_DATE
    assert message.raw == {"html": post.html}


def test_unknown_counters_are_none_and_never_zero() -> None:
    [message] = messages_of(widget("<p>no counters</p>"))
    assert (message.views, message.views_exact) == (None, None)
    assert (message.forwards, message.replies, message.reactions, message.edit_date) == (None, None, None, None)


def test_times_are_kept_in_utc() -> None:
    assert only_post().date == datetime(2026, 9, 30, 8, tzinfo=UTC)


def test_reactions_of_every_kind_are_counted() -> None:
    reactions = (
        '<span class="tgme_reaction"><i class="emoji"><b>👍</b></i>1.5K</span>'
        '<span class="tgme_reaction"><tg-emoji emoji-id="5368"></tg-emoji>7</span>'
        '<span class="tgme_reaction tgme_reaction_paid"><i></i>3</span>'
        '<span class="tgme_reaction"><i class="emoji"><b>🔥</b></i></span>'
    )
    assert only_post(reactions).reactions == {"👍": 1500, "5368": 7, "paid": 3}


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ('<a class="tgme_widget_message_photo_wrap"></a>', "photo"),
        ('<a class="tgme_widget_message_video_player not_supported"></a>', "video"),
        ('<div class="tgme_widget_message_roundvideo_player"></div>', "video"),
        ('<a class="tgme_widget_message_document_wrap"></a>', "document"),
        (
            '<a class="tgme_widget_message_document_wrap"><i class="tgme_widget_message_document_icon audio"></i></a>',
            "audio",
        ),
        ('<a class="tgme_widget_message_voice_player"></a>', "voice"),
        ('<div class="tgme_widget_message_poll"></div>', "poll"),
        ('<div class="tgme_widget_message_sticker_wrap"></div>', "sticker"),
        ('<a class="tgme_widget_message_location_wrap"></a>', "location"),
        (
            '<div class="message_media_not_supported_wrap"><div class="message_media_not_supported"></div></div>',
            "unsupported",
        ),
        ('<a class="tgme_widget_message_link_preview"><i class="tgme_widget_message_photo_wrap"></i></a>', None),
        ("", None),
    ],
)
def test_a_post_says_what_it_carries(html: str, kind: str | None) -> None:
    [message] = messages_of(widget(html))
    assert (message.media_type, message.has_media) == (kind, kind is not None)
    assert message.grouped_id is None


def test_an_album_is_one_message_for_each_photo_with_the_words_on_the_first() -> None:
    album = PreviewPost(123, FIRST_DATE, "<b>Zinc</b>", photos=[b"1", b"2", b"3"], reactions={"👍": "4"})
    first, *others = messages_of(full_page(album).posts[0].html.encode())
    assert [message.message_id for message in [first, *others]] == [123, 124, 125]
    assert {(each.grouped_id, each.media_type, each.views, each.message_date) for each in [first, *others]} == {
        (123, "photo", 834, FIRST_DATE)
    }
    assert (first.message_text, first.reactions) == ("Zinc", {"👍": 4})
    assert first.entities
    for other in others:
        assert (other.message_text, other.reactions, other.entities, other.raw) == ("", None, None, None)


def test_an_album_without_links_has_numbers_that_follow_each_other() -> None:
    photo = '<a class="tgme_widget_message_photo_wrap"></a>'
    video = '<a class="tgme_widget_message_video_player" href="https://t.me/shop/126?single"></a>'
    found = messages_of(widget(f'<div class="tgme_widget_message_grouped_wrap">{photo}{photo}{video}{photo}</div>'))
    assert [(each.message_id, each.media_type) for each in found] == [
        (123, "photo"),
        (124, "photo"),
        (126, "video"),
        (127, "photo"),
    ]


def test_a_photo_of_an_album_cannot_pretend_to_be_a_far_away_message() -> None:
    photo = '<a class="tgme_widget_message_photo_wrap" href="https://t.me/Shop/9000000000000000000"></a>'
    assert max(parse_page(widget(photo * 2)).ids) == 124


def test_service_messages_are_counted_and_keep_their_number_for_paging() -> None:
    page = full_page(*posts(7), PreviewPost(8, FIRST_DATE, "pinned a photo", is_service=True))
    assert [post.message_id for post in page.posts] == [7]
    assert page.service_messages == 1
    assert page.ids == {7, 8}


@pytest.mark.parametrize(
    ("post", "time", "reason"),
    [
        ("Shop/0", TIME, "no usable number"),
        ("Shop/9223372036854775808", TIME, "no usable number"),
        ("Shop/12x", TIME, "no usable number"),
        ("../admin/5", TIME, "no usable number"),
        ("", TIME, "no usable number"),
        ("Shop/5", "", "no date"),
        ("Shop/5", TIME.replace("2026-09-30T11:00:00+03:00", "yesterday"), "is none"),
        ("Shop/5", TIME.replace("+03:00", ""), "has no zone"),
        ("Shop/5", TIME.replace("2026-09-30", "0001-01-01").replace("11:00", "01:00"), "is none"),
    ],
)
def test_a_post_without_usable_number_or_date_is_left_out_with_its_reason(post: str, time: str, reason: str) -> None:
    page = parse_page(widget(post=post, time=time) + widget(post="Shop/6"))
    assert [found.message_id for found in page.posts] == [6]
    [line] = page.unusable
    assert reason in line


def test_a_post_of_another_channel_is_left_out() -> None:
    page = parse_page(widget() + widget(post="shop/124") + widget(post="other/500"))
    assert page.ids == {123, 124}
    assert page.unusable == ("other/500: it belongs to another channel",)


def test_a_number_that_occurs_twice_is_read_once() -> None:
    page = parse_page(widget() + widget())
    assert len(page.posts) == 1
    assert page.unusable == ("Shop/123: the page holds it twice",)


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"Too many requests", b"\xff\xfe\x00", b"{}"])
def test_what_the_site_sends_to_a_throttled_visitor_is_no_preview(body: bytes) -> None:
    assert not parse_page(body).is_preview


def test_raw_html_has_a_limit() -> None:
    assert len(only_post(f"<p>{'x' * 2 * MAX_HTML}</p>").html) == MAX_HTML


def test_a_page_nested_beyond_all_measure_is_read() -> None:
    page = parse_page(widget(f'<div class="js-message_text">{"<div>" * 5000}deep').replace(TIME.encode(), b""))
    assert page.ids == {123}
    text = parse_page(widget(f'{TIME}<div class="js-message_text">{"<div>" * 5000}deep', time="")).posts[0].text.text
    assert text == "deep"


def test_a_page_cut_anywhere_is_read() -> None:
    album = PreviewPost(3, FIRST_DATE, "<b>🟢</b>", photos=[b"1", b"2"], reply=(1, "q"), reactions={"👍": "4"})
    whole = PreviewServer().page(PreviewChannel("Shop", [*posts(1, 2), album]), None).encode()
    for end in range(0, len(whole), 7):
        parse_page(whole[:end])


_FRAGMENTS = st.sampled_from(
    [
        '<div class="tgme_widget_message" data-post="Shop/12">',
        '<div class="tgme_widget_message service_message" data-post="Shop/99999999999999999999">',
        '<a class="tgme_widget_message_photo_wrap" href="https://t.me/Shop/13" style="background-image:url(\'//x',
        '<div class="tgme_widget_message_grouped_wrap">',
        '<div class="tgme_widget_message_text js-message_text">',
        '<a class="tgme_widget_message_reply" href="https://t.me/Shop/1">',
        '<span class="tgme_reaction"><tg-emoji emoji-id="">',
        '<i class="emoji"><b>',
        '<span class="tgme_widget_message_views">',
        '<div class="tgme_channel_info_counter"><span class="counter_type">subscribers',
        TIME,
        "<a href='http://[::1'>",
        "<blockquote>",
        "<pre>",
        "<br>",
        "<template>",
        "</div>",
        "</a>",
        "&#xD800;&#0;",
        "🟢",
    ]
)


@patiently
@given(st.lists(_FRAGMENTS | st.text(max_size=20)).map("".join))
def test_no_html_makes_reading_fail(html: str) -> None:
    for message in messages_of(html.encode("utf-8", "surrogatepass")):
        utf16 = message.message_text.encode("utf-16-le")
        for entity in message.entities or ():
            assert 0 <= entity["offset"] < entity["offset"] + entity["length"] <= len(utf16) // 2
        assert "\x00" not in message.message_text
        assert 0 < message.message_id < 2**63


@patiently
@given(st.binary(max_size=300))
def test_no_bytes_make_reading_fail(body: bytes) -> None:
    assert parse_page(b'<div class="tgme_widget_message" data-post="Shop/1">' + body).ids == {1}


@pytest.mark.parametrize(
    "reference",
    [
        "Shop_1",
        "@Shop_1",
        " https://t.me/Shop_1 ",
        "https://t.me/s/Shop_1",
        "http://telegram.me/Shop_1/",
        "t.me/Shop_1/123",
        "https://t.me/Shop_1?before=5",
        "https://t.me/s/Shop_1/123?single#x",
    ],
)
def test_a_channel_is_named_by_its_user_name_or_a_link(reference: str) -> None:
    assert user_name(reference) == "Shop_1"


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("-1001096873512", "is a number"),
        ("1096873512", "is a number"),
        ("https://t.me/+AbCdEf", "invite link"),
        ("https://t.me/joinchat/AbCdEf", "invite link"),
        ("+AbCdEf", "invite link"),
        ("Zinc and Syrup", "no user name"),
        ("https://t.me/c/1096873512/5", "is a number"),
        ("https://evil.example/Shop", "no user name"),
        ("https://t.me.evil.example/Shop", "no user name"),
        ("../admin", "no user name"),
        ("shop?x=1", "no user name"),
        ("sho\np", "no user name"),
        ("ሱቅ", "no user name"),
        ("a" * 65, "no user name"),
        ("", "no user name"),
        ("@", "no user name"),
    ],
)
def test_what_cannot_stand_in_an_address_is_refused_with_what_to_write(reference: str, why: str) -> None:
    with pytest.raises(ChannelError, match=why) as refused:
        user_name(reference)
    assert "@name" in str(refused.value)
