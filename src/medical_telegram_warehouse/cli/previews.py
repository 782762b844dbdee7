"""`mtw detect sheet` and `mtw detect previews`: pictures that show what the detector saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from medical_telegram_warehouse.cli.console import command_settings, console, friendly_errors
from medical_telegram_warehouse.settings import Settings

if TYPE_CHECKING:
    from medical_telegram_warehouse.vision.detections_read import DetectedPhoto

SHEETS_FOLDER = "sheets"
NEAR_ENOUGH = 60
"""Of 100: how like a channel's name must be to be offered instead."""
CHANNELS_NAMED = 20


def sheet(
    channel: Annotated[str, typer.Argument(help="The channel's name in the lake, with or without @.")],
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=200, help="How many different photos at most, the newest first.")
    ] = 48,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="The PNG file to write; else one named after the channel in data/processed/sheets.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Draw a channel's newest photos with what was detected on them: one picture to judge the detector by.

    A photo that was posted several times is shown once. Below each stand its message, its category and how many
    objects it has. Orange boxes are persons, blue and green ones products; what is dashed counts as neither.

    Examples: `mtw detect sheet CheMed`, `mtw detect sheet CheMed --limit 100 --output chemed.png`
    """
    with friendly_errors():
        settings = command_settings()
        from medical_telegram_warehouse.errors import SettingsError
        from medical_telegram_warehouse.lake.layout import encode_channel
        from medical_telegram_warehouse.vision.drawn.sheet import write_sheet
        from medical_telegram_warehouse.vision.rules import load_categories

        if output is not None and output.suffix.lower() != ".png":
            raise SettingsError(f"a sheet is a PNG picture: name it {output.with_suffix('.png').name}")
        photos = _photos(settings)
        name = _known_channel(channel, Counter(photo.channel_name for photo in photos))
        path = output or settings.processed_dir / SHEETS_FOLDER / f"{encode_channel(name)}.png"
        summary = write_sheet(
            path,
            photos,
            channel=name,
            relative_to=settings.data_dir.parent,
            categories=load_categories(settings.yolo_categories),
            limit=limit,
        )
        shown = f"the newest {summary.shown:,} of " if summary.shown < summary.different else ""
        unavailable = f"; {summary.unavailable:,} could not be read" if summary.unavailable else ""
        console.print(
            f"{shown}{summary.different:,} different photos of {escape(name)}{unavailable}: {escape(str(path))}",
            soft_wrap=True,
        )


def previews(
    channel: Annotated[
        str | None, typer.Option("--channel", help="Only the photos of this channel.", show_default=False)
    ] = None,
) -> None:
    """Make the thumbnails and the previews with boxes that are missing, as WebP below data/processed/previews.

    One of each for every different photo, never larger than the photo. Previews with boxes that have changed, and those
    of photos that are no longer in yolo_detections.csv, are removed. Can be stopped at any time and run again.

    Examples: `mtw detect previews`, `mtw detect previews --channel CheMed`
    """
    with friendly_errors():
        settings = command_settings()
        from medical_telegram_warehouse.vision.drawn.preview_folder import PREVIEWS_FOLDER
        from medical_telegram_warehouse.vision.drawn.previews import make_previews
        from medical_telegram_warehouse.vision.rules import load_categories

        photos = _photos(settings)
        name = channel and _known_channel(channel, Counter(photo.channel_name for photo in photos))
        folder = settings.processed_dir / PREVIEWS_FOLDER
        summary = make_previews(
            photos,
            folder,
            relative_to=settings.data_dir.parent,
            categories=load_categories(settings.yolo_categories),
            workers=settings.yolo_workers,
            channel=name,
        )
        console.print(escape(f"{summary.headline}: {folder}"), soft_wrap=True)
        for reason, count in summary.failed.items():
            console.print(f"  {count:>7,}  {escape(reason)}", soft_wrap=True)


def _photos(settings: Settings) -> list[DetectedPhoto]:
    from medical_telegram_warehouse.steps import DETECTIONS_FILE
    from medical_telegram_warehouse.vision.detections_read import read_detections

    return list(read_detections(settings.processed_dir / DETECTIONS_FILE))


def _known_channel(name: str, photos: Mapping[str, int]) -> str:
    """The channel of that name, whatever its capitals.

    Raises:
        PermanentError: No photo of it was scanned; the message names those that were meant perhaps, and what there is.
    """
    from rapidfuzz import fuzz, process

    from medical_telegram_warehouse.errors import PermanentError

    if name in photos:
        return name
    wanted = name.removeprefix("@")
    same = [each for each in photos if each.casefold() == wanted.casefold()]
    if wanted in same or len(same) == 1:
        return wanted if wanted in same else same[0]
    if not photos:
        raise PermanentError("no photo was scanned yet: bring some into the lake (`mtw scrape`), then run `mtw detect`")
    near = process.extract(wanted, list(photos), scorer=fuzz.WRatio, processor=str.casefold, score_cutoff=NEAR_ENOUGH)
    meant = f" Did you mean {' or '.join(found for found, *_ in near[:3])}?" if near else ""
    most_first = sorted(photos, key=lambda each: (-photos[each], each))
    there = ", ".join(f"{each} ({photos[each]:,})" for each in most_first[:CHANNELS_NAMED])
    more = f", and {len(photos) - CHANNELS_NAMED:,} more" if len(photos) > CHANNELS_NAMED else ""
    raise PermanentError(f"no photo of a channel {name!r} was scanned.{meant} Photos were scanned of: {there}{more}")
