"""A contact sheet: one picture of a channel's newest photos with what was detected on them.

Belongs here: which photos are shown, and where everything stands. Does not belong here: what stands in one cell
(`sheet_cells`), boxes (`drawing`), the file's name (`cli`).

    photos of a channel -> copies of one content put together -> the newest -> cells -> rows as high as they need -> PNG

Its purpose is to judge a detector at a glance, so a photo that was posted ten times is shown once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from medical_telegram_warehouse.errors import PermanentError
from medical_telegram_warehouse.records import ScanStatus
from medical_telegram_warehouse.vision.detections_read import DetectedPhoto
from medical_telegram_warehouse.vision.drawn.colours import CATEGORY_COLOURS, ROLE_COLOURS, Colour
from medical_telegram_warehouse.vision.drawn.lettering import font_for, shortened, width_of
from medical_telegram_warehouse.vision.drawn.pictures import as_png
from medical_telegram_warehouse.vision.drawn.sheet_cells import CELL_WIDTH, INK, PALE_INK, Cell, make_cell
from medical_telegram_warehouse.vision.rules import Categories
from medical_telegram_warehouse.vision.whole_file import write_whole

DEFAULT_LIMIT = 48
GREATEST_LIMIT = 200
"""A sheet of so many photos has some 40 million pixels: more would be no glance, and no small picture."""
GAP = 16
MARGIN = 28
PAPER: Colour = (242, 243, 246)
HEADING = 38
LINE = 18
KEY = 13
LEAST_COLUMNS = 3
"""The title needs their width."""


@dataclass(frozen=True)
class SheetSummary:
    """What a sheet shows."""

    shown: int
    """Different photos; copies of one content count once."""
    different: int
    """How many there are."""
    photos: int
    """How many there are with all copies."""
    unavailable: int
    """Photos among the shown ones that could not be read now or at their scan."""


def write_sheet(
    path: Path,
    photos: Iterable[DetectedPhoto],
    *,
    channel: str,
    relative_to: Path,
    categories: Categories,
    limit: int = DEFAULT_LIMIT,
) -> SheetSummary:
    """Writes the sheet of one channel as a PNG file.

    Args:
        path: The file to write or replace.
        photos: The photos of the detections file; those of other channels are left out.
        channel: The channel's name in the lake.
        relative_to: Where the photos' relative names start.
        categories: Tell the colours of persons, products and other objects.
        limit: How many different photos are shown at most, the newest by message.

    Raises:
        PermanentError: The file cannot be written.
    """
    of_channel = [photo for photo in photos if photo.channel_name == channel]
    groups = _groups(of_channel)
    shown = groups[: min(limit, GREATEST_LIMIT)]
    cells = [make_cell(group, relative_to, categories) for group in shown]
    summary = SheetSummary(len(shown), len(groups), len(of_channel), sum(not cell.is_shown for cell in cells))
    sheet = _arranged(cells, channel, _facts(of_channel, summary), _counts([group[0] for group in groups]))
    try:
        write_whole(path, as_png(sheet))
    except OSError as error:
        raise PermanentError(f"The sheet cannot be written to {path}: {error.strerror or error}.") from error
    return summary


def _groups(photos: Sequence[DetectedPhoto]) -> list[list[DetectedPhoto]]:
    """The photos with equal content and detections together; the newest message first, within and among them."""
    newest_first = sorted(photos, key=lambda photo: (-(photo.message_id or 0), photo.image_path))
    groups: dict[object, list[DetectedPhoto]] = {}
    for photo in newest_first:
        key = (photo.sha256, photo.detections) if photo.status is ScanStatus.OK else photo.image_path
        groups.setdefault(key, []).append(photo)
    return list(groups.values())


def _facts(photos: Sequence[DetectedPhoto], summary: SheetSummary) -> str:
    readable = [photo for photo in photos if photo.status is ScanStatus.OK]
    models = {(photo.model or "", photo.confidence_threshold or 0.0) for photo in readable}
    scanned = [f"{name}, confidence from {threshold:g}" for name, threshold in sorted(models)]
    is_all = summary.shown == summary.different
    shown = f"all {summary.shown:,}" if is_all else f"the newest {summary.shown:,} of {summary.different:,}"
    copies = f", {summary.photos:,} with copies" if summary.photos > summary.different else ""
    return "  ·  ".join([*scanned, f"{shown} different photos{copies}"])


def _counts(photos: Sequence[DetectedPhoto]) -> list[tuple[str, Colour]]:
    counts = Counter(photo.image_category or photo.status.value for photo in photos)
    order = [*CATEGORY_COLOURS, *(name for name in sorted(counts) if name not in CATEGORY_COLOURS)]
    return [(f"{name} {counts[name]:,}", CATEGORY_COLOURS.get(name, PALE_INK)) for name in order if counts[name]]


def _arranged(cells: Sequence[Cell], channel: str, facts: str, counts: Sequence[tuple[str, Colour]]) -> Image.Image:
    columns = max(LEAST_COLUMNS, math.ceil(math.sqrt(len(cells))))
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    heights = [max(cell.height for cell in row) for row in rows]
    width = 2 * MARGIN + columns * CELL_WIDTH + (columns - 1) * GAP
    heading_height = MARGIN + HEADING + 5 * LINE
    sheet = Image.new("RGB", (width, heading_height + sum(heights) + GAP * (len(rows) - 1) + MARGIN), PAPER)
    _draw_heading(sheet, channel, facts, counts)
    top = heading_height
    for row, height in zip(rows, heights, strict=True):
        for column, cell in enumerate(row):
            sheet.paste(cell.drawn(height), (MARGIN + column * (CELL_WIDTH + GAP), top))
        top += height + GAP
    return sheet


def _draw_heading(sheet: Image.Image, channel: str, facts: str, counts: Sequence[tuple[str, Colour]]) -> None:
    draw = ImageDraw.Draw(sheet)
    room = sheet.width - 2 * MARGIN
    line = MARGIN + HEADING - LINE // 2
    roles = [(str(role), colours[0]) for role, colours in ROLE_COLOURS.items()]
    keys_width = sum(_key_width(text) for text, _ in roles)
    left = sheet.width - MARGIN + LINE - keys_width
    for text, colour in roles:
        left += _draw_key(draw, (left, line), text, colour)
    font, text = font_for(channel, HEADING)
    draw.text((MARGIN, line), shortened(text, font, room - keys_width), font=font, fill=INK, anchor="ls")
    line += 2 * LINE
    font, text = font_for(facts, LINE)
    draw.text((MARGIN, line), shortened(text, font, room), font=font, fill=INK, anchor="ls")
    line += 2 * LINE
    left = MARGIN
    for text, colour in counts:
        left += _draw_key(draw, (left, line), text, colour)


def _draw_key(draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, colour: Colour) -> int:
    """A coloured square and what it means; returns the width with the gap behind it."""
    left, line = place
    font, text = font_for(text, LINE)
    draw.rectangle((left, line - KEY, left + KEY, line), fill=colour)
    draw.text((left + LINE + 2, line), text, font=font, fill=INK, anchor="ls")
    return _key_width(text)


def _key_width(text: str) -> int:
    font, text = font_for(text, LINE)
    return LINE + 2 + width_of(text, font) + LINE
