"""Small makers of Telegram Desktop exports: folders with a result.json and photos, as the program writes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FIRST_MOMENT = 1_767_261_600  # 2026-01-01 10:00:00 UTC
NOT_INCLUDED = "(File not included. Change data exporting settings to download.)"
JPEG = b"\xff\xd8\xff\xe0 not a whole picture, but its bytes"


def exported(message_id: Any = 1, **changes: Any) -> dict[str, Any]:
    """A message of an export, one minute after the one before; a change to `...` removes the key."""
    is_plausible = isinstance(message_id, int) and 0 < message_id < 2**31
    moment = FIRST_MOMENT + (60 * message_id if is_plausible else 0)
    values: dict[str, Any] = {
        "id": message_id,
        "type": "message",
        # Local time of a computer in Addis Ababa, as the program writes it.
        "date": datetime.fromtimestamp(moment + 3 * 3600, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "date_unixtime": str(moment),
        "from": "Zinc & Co",
        "from_id": "channel1234567890",
        "text": f"Zinc syrup {message_id}",
        "text_entities": [{"type": "plain", "text": f"Zinc syrup {message_id}"}],
    }
    return {key: value for key, value in {**values, **changes}.items() if value is not ...}


def service(message_id: Any = 1, action: str = "pin_message", **changes: Any) -> dict[str, Any]:
    """What a channel says of itself: pinned messages, new members."""
    return exported(message_id, **{"type": "service", "action": action, "text": "", "text_entities": [], **changes})


def chat(
    messages: Iterable[Any] = (),
    *,
    name: Any = "Zinc & Co",
    kind: Any = "public_channel",
    telegram_id: Any = 1234567890,
) -> dict[str, Any]:
    """A chat with its messages."""
    return {"name": name, "type": kind, "id": telegram_id, "messages": list(messages)}


def account(chats: Sequence[Any], left_chats: Sequence[Any] = ()) -> dict[str, Any]:
    """All that an account exports: the chats stand between other things."""
    return {
        "about": "Here is the data you requested.",
        "personal_information": {"user_id": 5, "first_name": "Abebe"},
        "contacts": {"about": "", "list": [{"name": "messages", "type": "contact", "id": 1}]},
        "chats": {"about": "", "list": list(chats)},
        "left_chats": {"about": "", "list": list(left_chats)},
    }


def write_export(
    folder: Path, content: Any, photos: Mapping[str, bytes] | None = None, *, indent: int | None = 1
) -> Path:
    """Write result.json, and photos by their path in the folder; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, indent=indent)
    (folder / "result.json").write_text(text, encoding="utf-8")
    for name, photo in (photos or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photo)
    return folder


def one_chat(folder: Path, *messages: Any, photos: Mapping[str, bytes] | None = None, **about: Any) -> Path:
    """Write the export of one chat: `exported` messages, and what differs of the `chat`."""
    return write_export(folder, chat(messages, **about), photos)


def whole_account(folder: Path, *chats: Any, left_chats: Sequence[Any] = ()) -> Path:
    """Write the export of an account."""
    return write_export(folder, account(chats, left_chats))


def write_long_export(folder: Path, count: int) -> Path:
    """Write one chat with that many messages, without holding them."""
    folder.mkdir(parents=True, exist_ok=True)
    head = json.dumps(chat(), ensure_ascii=False).removesuffix("]}")
    with (folder / "result.json").open("w", encoding="utf-8") as file:
        file.write(head)
        for number in range(1, count + 1):
            file.write(",\n" if number > 1 else "\n")
            json.dump(exported(number), file, ensure_ascii=False, indent=1)
        file.write("]}")
    return folder
