"""The records that flow between rooms.

Sources make `Message`s, the lake stores them one per line, the loader copies them into PostgreSQL; the photo store
yields `PhotoFile`s and vision turns each into a `PhotoScan`. Nothing here knows files, databases or models.
What a source does not know is None, never 0: an average over unknown counters must not be pulled down.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from pydantic import SecretStr


class DatabaseAddress(NamedTuple):
    """Where PostgreSQL is and who connects. The password prints as asterisks."""

    host: str
    port: int
    database: str
    user: str
    password: SecretStr

    def __str__(self) -> str:
        """Name the server without its password."""
        return f"{self.user}@{self.host}:{self.port}/{self.database}"


_API_KEY = re.compile(r"(?P<name>[\w.-]{1,64}):(?P<digest>[0-9a-f]{64})(?P<contacts>:contacts)?", re.ASCII)


class ApiKey(NamedTuple):
    """Who may ask the HTTP API. The key itself is kept nowhere: it is random and long, so its SHA-256 tells nothing."""

    name: str
    digest: str
    """SHA-256 of the key, in hexadecimal digits."""
    allows_contacts: bool
    """Whether telephone numbers are shown to it."""

    @classmethod
    def parse(cls, text: str) -> ApiKey:
        """Read what `mtw api-key` prints: `name:digest`, or `name:digest:contacts`.

        Raises:
            ValueError: it is not of that form; says nothing of the text, which may be a key by mistake.
        """
        found = _API_KEY.fullmatch(text)
        if found is None:
            message = "each key stands as name:SHA-256, or name:SHA-256:contacts; `mtw api-key NAME` makes one"
            raise ValueError(message)
        return cls(found["name"], found["digest"], found["contacts"] is not None)

    def __str__(self) -> str:
        """As `parse` reads it."""
        return f"{self.name}:{self.digest}{':contacts' if self.allows_contacts else ''}"


class DataCenter(NamedTuple):
    """A Telegram server. Telegram's own are found without naming one."""

    number: int
    host: str
    port: int


class TelegramAccess(NamedTuple):
    """Everything that connecting to Telegram needs. Secrets print as asterisks."""

    api_id: int
    api_hash: SecretStr
    session: SecretStr | None
    """A string session; else the one in `session_file`."""
    session_file: Path
    data_center: DataCenter | None = None
    public_key: Path | None = None
    """PEM file of that server's RSA key; Telegram's own keys are known."""
    max_wait_seconds: float = 300


MAX_BIGINT = 2**63 - 1
# Telegram counts with 32 bits. What a file of somebody else says beyond that is no counter, and two posts with 2**63
# views each made every sum over them fail, and with it each build of the marts.
MAX_COUNT = 2**31 - 1
MAX_CHANNEL_NAME = 256
# How deep lists and objects of a record may lie inside each other. The decoders have limits of their own, but those
# depend on how deep their caller stands: the same record could be read on one way and be refused on another.
MAX_NESTING = 200
# Checked by msgspec where a record is decoded, in the same pass.
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Number = Annotated[int, msgspec.Meta(ge=-MAX_BIGINT, le=MAX_BIGINT)]
Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
MessageId = Annotated[int, msgspec.Meta(gt=0, le=MAX_BIGINT)]
ChannelName = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_CHANNEL_NAME)]


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One observation of one message at one scrape: a line of the lake.

    `message_text` is plain text; formatting lives in `entities`. `image_path` is posix, relative to the folder that
    holds the data folder, and says where the message's photo lies as soon as it could be had. Timestamps carry a zone.
    """

    message_id: MessageId
    channel_name: ChannelName
    message_date: Moment
    message_text: str = ""
    has_media: bool | None = None
    image_path: str | None = None
    media_type: str | None = None
    views: Count | None = None
    forwards: Count | None = None
    replies: Count | None = None
    reactions: dict[str, Count] | None = None
    edit_date: Moment | None = None
    reply_to_message_id: Number | None = None
    grouped_id: Number | None = None
    forwarded_from: str | None = None
    """The user name, else the title or name, of where the original was posted."""
    forwarded_from_id: Number | None = None
    """Its Telegram id; channels and groups have -100 before the number, as in Bot API and exports of Telethon."""
    forwarded_from_message_id: Number | None = None
    forwarded_date: Moment | None = None
    """When the original was posted."""
    post_author: str | None = None
    entities: list[dict[str, Any]] | None = None
    urls: list[str] | None = None
    is_pinned: bool | None = None
    photo_id: Number | None = None
    """Telegram's id of the photo or image document: another one after an edit is another picture."""
    views_exact: bool | None = None
    """False where the source rounds its counters."""
    is_deleted: bool | None = None
    """True on an observation that found the message gone; nothing else but its id and date is known then."""
    scraped_at: Moment | None = None
    source: str | None = None
    raw: dict[str, Any] | None = msgspec.field(default=None, name="_raw")


class Channel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was known of one channel at one scrape: a line of `telegram_channels/<date>.jsonl`."""

    channel_name: str
    """The name in the lake: the user name, else the title, and the same for ever once messages were stored under it."""
    scraped_at: datetime
    source: str
    title: str | None = None
    description: str | None = None
    subscribers: int | None = None
    telegram_id: int | None = None
    """Without the -100 that some libraries write before it."""
    username: str | None = None
    telegram_type: str | None = None
    """`channel`, `supergroup`, `group` or `gigagroup`; an export also has `private` chats."""
    is_verified: bool | None = None
    is_scam: bool | None = None
    is_fake: bool | None = None


class PhotoFile(msgspec.Struct, frozen=True, kw_only=True):
    """A photo in a lake. `message_id` is None when the file's name is not a message's number."""

    lake: str
    channel_name: str
    message_id: int | None
    path: Path
    """Where the file lies on this machine."""
    image_path: str
    """How it is named in tables and files: relative to the project's folder where it lies below it."""


class ScanStatus(StrEnum):
    """What became of one photo."""

    OK = "ok"
    UNREADABLE = "unreadable"
    MISSING = "missing"


class RuntimeName(StrEnum):
    """What computes a detection model."""

    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"


class ImageCategory(StrEnum):
    """What a photo shows: a person and a product, a product, a person, or neither."""

    PROMOTIONAL = "promotional"
    PRODUCT_DISPLAY = "product_display"
    LIFESTYLE = "lifestyle"
    OTHER = "other"


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """One object on a photo; the box is in pixels of the upright photo."""

    detected_class: str
    confidence_score: float
    x_min: float
    y_min: float
    x_max: float
    y_max: float


class PhotoScan(msgspec.Struct, frozen=True, kw_only=True):
    """What one photo's content showed one model. What the objects mean is judged later, and may be judged anew."""

    status: ScanStatus
    error: str | None = None
    """Why it could not be read, for `unreadable`."""
    image_width: int | None = None
    image_height: int | None = None
    perceptual_hash: bytes | None = None
    """32 bytes that re-encoding hardly changes; None for a picture of one colour."""
    detections: tuple[Detection, ...] = ()
    """Best first, down to the scan's floor, which is lower than what tables show."""
