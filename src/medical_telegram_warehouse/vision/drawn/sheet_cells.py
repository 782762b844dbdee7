"""One cell of a contact sheet: a photo with its boxes, or why there is none, and a caption.

Belongs here: what stands in a cell. Does not belong here: which cells there are, and where (`sheet`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from medical_telegram_warehouse.records import ScanStatus
from medical_telegram_warehouse.vision.decoding.decode import UnreadablePhotoError, decode_photo
from medical_telegram_warehouse.vision.detections_read import DetectedPhoto
from medical_telegram_warehouse.vision.drawn.colours import CATEGORY_COLOURS, WHITE, Colour
from medical_telegram_warehouse.vision.drawn.known_photo import PhotoUnavailableError, read_known_photo
from medical_telegram_warehouse.vision.drawn.lettering import font_for, own_font, shortened, width_of, wrapped
from medical_telegram_warehouse.vision.drawn.pictures import with_boxes
from medical_telegram_warehouse.vision.rules import Categories

CELL_WIDTH = 320
PICTURE_HEIGHT = 320
CAPTION_HEIGHT = 52
PADDING = 8
LETTER = 15
REASON_LETTER = 16
REASON_LINES = 6
INK: Colour = (28, 32, 38)
PALE_INK: Colour = (104, 110, 120)
GROUND: Colour = (228, 230, 235)


@dataclass(frozen=True)
class Cell:
    """What stands in a cell; `picture` is None where `reason` stands instead."""

    picture: Image.Image | None
    reason: str
    name: str
    objects: str
    category: str
    evidence: str

    @property
    def is_shown(self) -> bool:
        """Whether there is a photo to see."""
        return self.picture is not None

    @property
    def height(self) -> int:
        """The least height that it needs."""
        return (self.picture.height if self.picture else PICTURE_HEIGHT // 2) + CAPTION_HEIGHT

    def drawn(self, height: int) -> Image.Image:
        """The cell as a picture of that height."""
        cell = Image.new("RGB", (CELL_WIDTH, height), WHITE)
        draw = ImageDraw.Draw(cell)
        room = height - CAPTION_HEIGHT
        draw.rectangle((0, 0, CELL_WIDTH - 1, room - 1), fill=GROUND)
        if self.picture is not None:
            cell.paste(self.picture, ((CELL_WIDTH - self.picture.width) // 2, (room - self.picture.height) // 2))
        else:
            self._draw_reason(draw, room)
        self._draw_caption(draw, room)
        return cell

    def _draw_reason(self, draw: ImageDraw.ImageDraw, room: int) -> None:
        font, text = font_for(self.reason, REASON_LETTER)
        lines = wrapped(text, font, CELL_WIDTH - 4 * PADDING, lines=REASON_LINES)
        line_height = round(REASON_LETTER * 1.4)
        top = (room - len(lines) * line_height) // 2
        for number, line in enumerate(lines):
            place = (CELL_WIDTH // 2, top + REASON_LETTER + number * line_height)
            draw.text(place, line, font=font, fill=PALE_INK, anchor="ms")

    def _draw_caption(self, draw: ImageDraw.ImageDraw, top: int) -> None:
        colour = CATEGORY_COLOURS.get(self.category, PALE_INK)
        lines = ((self.name, INK, self.objects), (self.category, colour, self.evidence))
        for number, (left_text, ink, right_text) in enumerate(lines):
            y = top + PADDING + LETTER + number * (LETTER + 6)
            right = own_font(LETTER)
            draw.text((CELL_WIDTH - PADDING, y), right_text, font=right, fill=PALE_INK, anchor="rs")
            font, text = font_for(left_text, LETTER)
            room = CELL_WIDTH - 3 * PADDING - width_of(right_text, right)
            draw.text((PADDING, y), shortened(text, font, room), font=font, fill=ink, anchor="ls")


def make_cell(copies: Sequence[DetectedPhoto], relative_to: Path, categories: Categories) -> Cell:
    """The cell of a photo and its copies, of which the first gives the cell its name."""
    photo = copies[0]
    picture, reason = _picture(copies, relative_to, categories)
    more = f"  and {len(copies) - 1:,} more" if len(copies) > 1 else ""
    count = len(photo.detections)
    is_ok = photo.status is ScanStatus.OK
    return Cell(
        picture=picture,
        reason=reason,
        name=f"{photo.message_id or Path(photo.image_path).name}{more}",
        objects=f"{count or 'no'} object{'' if count == 1 else 's'}" if is_ok else "",
        category=photo.image_category or photo.status.value,
        evidence=_evidence(photo),
    )


def _evidence(photo: DetectedPhoto) -> str:
    """What the category was judged from, which may be less sure than what is worth a box."""
    scores = (("person", photo.person_score), ("product", photo.product_score))
    return "  ".join(f"{name} {score:.2f}" for name, score in scores if score is not None)


def _picture(
    copies: Sequence[DetectedPhoto], relative_to: Path, categories: Categories
) -> tuple[Image.Image | None, str]:
    reason = copies[0].error or copies[0].status.value
    for photo in copies:
        if photo.status is not ScanStatus.OK or photo.sha256 is None:
            continue
        try:
            data = read_known_photo(photo.path(relative_to), photo.sha256)
            decoded = decode_photo(data, enough_side=max(CELL_WIDTH, PICTURE_HEIGHT))
        except (PhotoUnavailableError, UnreadablePhotoError) as error:
            reason = error.reason
            continue
        return with_boxes(decoded, photo.detections, (CELL_WIDTH, PICTURE_HEIGHT), categories), ""
    return None, reason
