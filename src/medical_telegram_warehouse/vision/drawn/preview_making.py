"""One content's previews: the photo is read and decoded once, and each preview written to its file.

Belongs here: from a photo's file to WebP files. Does not belong here: which previews are wanted, and the threads
(`previews`). Only `previews` imports this, and only when there is something to make: Pillow and numpy come with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from medical_telegram_warehouse.errors import PermanentError
from medical_telegram_warehouse.records import Detection
from medical_telegram_warehouse.vision.decoding.decode import UnreadablePhotoError, decode_photo
from medical_telegram_warehouse.vision.drawn.known_photo import PhotoUnavailableError, read_known_photo
from medical_telegram_warehouse.vision.drawn.pictures import as_webp, shrunk, with_boxes
from medical_telegram_warehouse.vision.drawn.preview_folder import PreviewKind, preview_path
from medical_telegram_warehouse.vision.rules import Categories
from medical_telegram_warehouse.vision.whole_file import write_whole

THUMBNAIL_SIDE = 320
BOXES_SIDE = 1024


def make_content_previews(
    paths: Sequence[Path],
    sha256: str,
    wanted: Mapping[str, tuple[PreviewKind, Sequence[Detection]]],
    folder: Path,
    categories: Categories,
) -> None:
    """Writes previews of one content.

    Args:
        paths: Where copies of it lie; the first that still has this content is taken.
        sha256: The content's checksum.
        wanted: What to make of it, and what to draw, by the preview's name.
        folder: Where previews are kept.
        categories: Tell the colours of persons, products and other objects.

    Raises:
        PhotoUnavailableError: No copy can be had, or it is no picture.
        PermanentError: A preview cannot be written.
    """
    try:
        photo = decode_photo(_read_first(paths, sha256), enough_side=BOXES_SIDE)
    except UnreadablePhotoError as error:
        raise PhotoUnavailableError(error.reason) from error
    for name, (kind, detections) in wanted.items():
        if kind is PreviewKind.THUMBNAIL:
            picture = shrunk(photo.image, (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        else:
            picture = with_boxes(photo, detections, (BOXES_SIDE, BOXES_SIDE), categories)
        try:
            write_whole(preview_path(folder, name), as_webp(picture))
        except OSError as error:
            raise PermanentError(f"Previews cannot be written to {folder}: {error.strerror or error}.") from error


def _read_first(paths: Sequence[Path], sha256: str) -> bytes:
    trouble: PhotoUnavailableError | None = None
    for path in paths:
        try:
            return read_known_photo(path, sha256)
        except PhotoUnavailableError as error:
            trouble = trouble or error
    assert trouble is not None, "a content was found at some path"  # noqa: S101
    raise trouble
