"""A site on this machine that shows channels as the public preview does, and fails as it does.

It speaks real HTTP and knows nothing of the code that reads it: posts are plain values, pages are written from them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

FIRST_DATE = datetime(2026, 9, 1, 8, tzinfo=UTC)
JPEG = b"\xff\xd8\xff\xe0 a photo \xff\xd9"
ELSEWHERE = "https://t.me"


@dataclass(frozen=True)
class PreviewPost:
    """One post. Two photos or more make an album, whose numbers follow the post's own."""

    id: int
    date: datetime
    html: str = ""
    views: str | None = "834"
    photos: Sequence[bytes] = ()
    forward: str = ""
    """Inner HTML of the line below "Forwarded from"."""
    reply: tuple[int, str] | None = None
    """The number and the quoted text of the message that this one answers."""
    reactions: Mapping[str, str] = field(default_factory=dict)
    author: str = ""
    is_service: bool = False

    @property
    def last_id(self) -> int:
        return self.id + max(len(self.photos), 1) - 1


@dataclass
class PreviewChannel:
    """A channel and what its page says of it."""

    name: str
    posts: list[PreviewPost] = field(default_factory=list)
    title: str = "Zinc & Syrup"
    description: str = "First line<br/>second line"
    subscribers: str = "12.5K"
    is_verified: bool = False


@dataclass(frozen=True)
class Fault:
    """How one request goes wrong."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    drops_connection: bool = False
    cuts_body: bool = False
    """Sends half of what was announced, and hangs up."""


def posts(*ids: int, every: timedelta = timedelta(hours=1)) -> list[PreviewPost]:
    """Plain posts whose dates rise with their numbers."""
    return [PreviewPost(number, FIRST_DATE + every * number, f"Post {number}") for number in ids]


class PreviewServer:
    """Serves `/s/<channel>` and photos while it is entered."""

    def __init__(self, *channels: PreviewChannel, page_size: int = 20) -> None:
        self.channels = {channel.name.lower(): channel for channel in channels}
        self.page_size = page_size
        self.shows_cut_albums = True
        """Whether an album is shown when only its first photos lie below the number that was asked for."""
        self.has_more_link = True
        self.photo_prefix: str | None = None
        """What stands before a photo's path on a page; None: this server's address."""
        self.photo_type = "image/jpeg"
        self.page_faults: deque[Fault] = deque()
        self.photo_faults: deque[Fault] = deque()
        self.requests: list[str] = []
        self.address = "127.0.0.1"
        """With the port, as soon as the server is entered."""

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def __enter__(self) -> Self:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self.address = f"127.0.0.1:{self._http.server_address[1]}"
        Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def page_requests(self) -> list[str]:
        return [path for path in self.requests if path.startswith("/s/")]

    def page(self, channel: PreviewChannel, before: int | None) -> str:
        """A page as the site writes it: the newest posts below a number, oldest first."""
        shown = [post for post in sorted(channel.posts, key=lambda post: post.id) if self._lies_below(post, before)]
        shown = shown[-self.page_size :]
        more = ""
        if shown and self.has_more_link:
            link = f'href="/s/{channel.name}?before={shown[0].id}" data-before="{shown[0].id}"'
            more = f'<a class="tme_messages_more" {link}></a>'
        widgets = "".join(self.widget(channel.name, post) for post in shown)
        return (
            f"<!DOCTYPE html><html><body>{_channel_info(channel)}"
            f'<section class="tgme_channel_history js-message_history">{more}{widgets}</section></body></html>'
        )

    def _lies_below(self, post: PreviewPost, before: int | None) -> bool:
        return before is None or (post.id if self.shows_cut_albums else post.last_id) < before

    def widget(self, name: str, post: PreviewPost) -> str:
        """One post as the site writes it."""
        service = "service_message " if post.is_service else ""
        author = f'<span class="tgme_widget_message_from_author">{escape(post.author)}</span>' if post.author else ""
        views = f'<span class="tgme_widget_message_views">{post.views}</span>' if post.views is not None else ""
        text = (
            f'<div class="tgme_widget_message_text js-message_text" dir="auto">{post.html}</div>' if post.html else ""
        )
        return (
            f'<div class="tgme_widget_message_wrap js-widget_message_wrap"><div class="tgme_widget_message '
            f'text_not_supported_wrap {service}js-widget_message" data-post="{name}/{post.id}" '
            f'data-peer="c1096873512_-5512"><div class="tgme_widget_message_bubble">'
            f"{_forward(post)}{_reply(name, post)}{self._photos(name, post)}{text}{_reactions(post)}"
            f'<div class="tgme_widget_message_footer"><div class="tgme_widget_message_info">{views}'
            f'<span class="tgme_widget_message_meta">{author}<a class="tgme_widget_message_date" '
            f'href="{ELSEWHERE}/{name}/{post.id}"><time datetime="{post.date.isoformat()}" class="time">08:00</time>'
            f"</a></span></div></div></div></div></div>"
        )

    def _photos(self, name: str, post: PreviewPost) -> str:
        prefix = self.url if self.photo_prefix is None else self.photo_prefix
        is_album = len(post.photos) > 1
        links = "".join(
            f'<a class="tgme_widget_message_photo_wrap{" grouped_media_wrap" * is_album}" '
            f'href="{ELSEWHERE}/{name}/{number}{"?single" * is_album}" '
            f"style=\"width:800px;background-image:url('{prefix}/photo/{name}/{number}.jpg')\"></a>"
            for number in range(post.id, post.id + len(post.photos))
        )
        return f'<div class="tgme_widget_message_grouped_wrap">{links}</div>' if is_album else links

    def photo(self, name: str, number: int) -> bytes | None:
        channel = self.channels.get(name.lower())
        for post in channel.posts if channel else ():
            if 0 <= number - post.id < len(post.photos):
                return post.photos[number - post.id]
        return None


def _channel_info(channel: PreviewChannel) -> str:
    verified = '<i class="verified-icon"></i>' if channel.is_verified else ""
    return (
        f'<div class="tgme_channel_info"><div class="tgme_channel_info_header"><div '
        f'class="tgme_channel_info_header_title"><span dir="auto">{escape(channel.title)}</span></div>{verified}'
        f'<div class="tgme_channel_info_header_username"><a href="{ELSEWHERE}/{channel.name}">@{channel.name}</a></div>'
        f'</div><div class="tgme_channel_info_counters"><div class="tgme_channel_info_counter"><span '
        f'class="counter_value">345</span> <span class="counter_type">photos</span></div><div '
        f'class="tgme_channel_info_counter"><span class="counter_value">{channel.subscribers}</span> '
        f'<span class="counter_type">subscribers</span></div></div>'
        f'<div class="tgme_channel_info_description">{channel.description}</div></div>'
    )


def _forward(post: PreviewPost) -> str:
    if not post.forward:
        return ""
    return f'<div class="tgme_widget_message_forwarded_from accent_color">Forwarded from {post.forward}</div>'


def _reply(name: str, post: PreviewPost) -> str:
    if post.reply is None:
        return ""
    number, quoted = post.reply
    return (
        f'<a class="tgme_widget_message_reply" href="{ELSEWHERE}/{name}/{number}">'
        f'<span class="tgme_widget_message_author_name">Somebody</span>'
        f'<div class="tgme_widget_message_text js-message_reply_text">{quoted}</div></a>'
    )


def _reactions(post: PreviewPost) -> str:
    if not post.reactions:
        return ""
    shown = "".join(
        f'<span class="tgme_reaction"><i class="emoji"><b>{emoji}</b></i>{count}</span>'
        for emoji, count in post.reactions.items()
    )
    return f'<div class="tgme_widget_message_reactions js-message_reactions">{shown}</div>'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave together: apart, each answer would wait for the reader's delayed receipt.
    wbufsize = -1

    def __init__(self, preview: PreviewServer, *connection: Any) -> None:
        self._preview = preview
        super().__init__(*connection)

    def do_GET(self) -> None:
        self._preview.requests.append(self.path)
        kind, *rest = urlsplit(self.path).path.strip("/").split("/")
        if kind == "photo" and len(rest) == 2:
            self._answer_photo(rest[0], int(rest[1].removesuffix(".jpg")))
        elif kind == "s" and rest:
            self._answer_page(rest[0])
        else:
            self._send(404, b"nothing here", {})

    def _answer_page(self, name: str) -> None:
        channel = self._preview.channels.get(name.lower())
        if self._preview.page_faults:
            self._fail(self._preview.page_faults.popleft(), b"<html></html>")
        elif channel is None:
            self._send(302, b"", {"Location": f"{ELSEWHERE}/{name}"})
        else:
            [before] = parse_qs(urlsplit(self.path).query).get("before", [""])
            page = self._preview.page(channel, int(before) if before else None)
            self._send(200, page.encode(), {"Content-Type": "text/html; charset=utf-8"})

    def _answer_photo(self, name: str, number: int) -> None:
        photo = self._preview.photo(name, number)
        if self._preview.photo_faults:
            self._fail(self._preview.photo_faults.popleft(), photo or b"")
        elif photo is None:
            self._send(404, b"", {})
        else:
            self._send(200, photo, {"Content-Type": self._preview.photo_type})

    def _fail(self, fault: Fault, usual: bytes) -> None:
        if fault.drops_connection:
            self.close_connection = True
            return
        body = fault.body or (usual if fault.cuts_body else b"")
        self._send(fault.status, body, fault.headers, sent=len(body) // 2 if fault.cuts_body else None)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str], *, sent: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:sent])
        self.close_connection |= sent is not None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        """Say nothing: the server keeps the requests itself."""
