"""Where things lie in a lake, and how names from outside become safe file names.

    <root>/telegram_messages/YYYY-MM-DD/<channel>.jsonl     one line an observation; the date is the scrape's (UTC)
    <root>/telegram_channels/YYYY-MM-DD.jsonl               one line a channel and scrape
    <root>/images/<channel>/<message_id>.jpg

A channel's name comes from strangers. It is written percent-encoded, so that it can be read back and can be nothing
but one folder's name: `a/b` becomes `a%2Fb`, `..` becomes `%2E%2E`.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from urllib.parse import unquote

from medical_telegram_warehouse.errors import LakeError
from medical_telegram_warehouse.text import storable

MESSAGES_FOLDER = "telegram_messages"
CHANNELS_FOLDER = "telegram_channels"
IMAGES_FOLDER = "images"
CHANNEL_NAME_FILE = ".channel"
"""In a folder of photos whose name cannot be decoded: the channel's name."""
# ext4 and most others allow 255 bytes a name; the rest is for suffixes such as ".jsonl" and temporary names.
_MAX_NAME_BYTES = 200
_HASH_DIGITS = 16


def encode_channel(channel_name: str) -> str:
    """Turn a channel's name into one safe path component.

    Readable letters of any script stay; whatever could be misread as a path is percent-encoded. A name that is empty or
    too long for a file system is cut and closed with `~` and a hash of the whole, which keeps it distinct but can not
    be decoded: lines carry the channel's name themselves, and its folder of photos holds it in a file.
    """
    encoded = "".join(c if c.isalnum() or c in "_-@ " else _percent(c) for c in channel_name)
    if encoded.strip(" ") != encoded:  # some file systems and tools drop a leading or trailing space
        encoded = encoded.replace(" ", "%20")
    if not encoded or len(encoded.encode()) > _MAX_NAME_BYTES:
        digest = hashlib.sha256(channel_name.encode(errors="surrogatepass")).hexdigest()[:_HASH_DIGITS]
        head = encoded.encode()[: _MAX_NAME_BYTES - _HASH_DIGITS - 1].decode(errors="ignore")
        encoded = f"{head}~{digest}"
    return encoded


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode(errors="replace"))


def decode_channel(component: str) -> str:
    """Read a channel's name back from a folder's or file's name; other scrapers' plain names decode to themselves.

    Strangers name folders too: `%00` must not become a character that no database takes.
    """
    return storable(unquote(component, errors="replace"))


def messages_file(root: Path, scrape_date: date, channel_name: str) -> Path:
    """The file that takes a channel's observations of one scrape date."""
    return root / MESSAGES_FOLDER / scrape_date.isoformat() / f"{encode_channel(channel_name)}.jsonl"


def channels_file(root: Path, scrape_date: date) -> Path:
    """The file that takes what was known of the channels on one scrape date."""
    return root / CHANNELS_FOLDER / f"{scrape_date.isoformat()}.jsonl"


def photo_file(root: Path, channel_name: str, message_id: int) -> Path:
    """Where the photo of a message lies in our own lake."""
    return root / IMAGES_FOLDER / encode_channel(channel_name) / f"{message_id}.jpg"


def find_lake_root(path: Path) -> Path:
    """Find the folder that holds telegram_messages/ or images/: `path` itself, its `raw/` or its `data/raw/`.

    Raises:
        LakeError: no such folder; says where it looked.
    """
    if not path.is_dir():
        raise LakeError(f"no lake at {path}: the folder does not exist")
    candidates = [path, path / "raw", path / "data" / "raw"]
    for candidate in candidates:
        if (candidate / MESSAGES_FOLDER).is_dir() or (candidate / IMAGES_FOLDER).is_dir():
            return candidate.resolve()
    looked = ", ".join(str(candidate) for candidate in candidates)
    raise LakeError(
        f"no lake at {path}: a lake holds {MESSAGES_FOLDER}/ and {IMAGES_FOLDER}/; looked in {looked}. "
        f"Name the folder that holds them, or its parent"
    )
