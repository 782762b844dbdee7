"""What happens to files: torn lines, photos that are none, records that cannot be used, a full disk."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos.fault import LONGEST_RUN, Arena, Fault, ImpossibleHereError, Injection, Stopwatch
from factories import line
from killed_runs import Tables

_DISK = "400m"
_LEFT_BYTES = 6_000_000
_MALFORMED = (
    b'{"message_id": 1, "channel_name": "sh',
    b"not JSON at all",
    b'{"message_id": "seven", "channel_name": "shop", "message_date": "2026-09-01T00:00:00+00:00"}',
    b'{"message_id": 7, "channel_name": "shop"}',
    b'{"message_id": 7, "channel_name": "shop", "message_date": "yesterday"}',
    b"\xff\xfe\x00",
    b"[]",
    b"null",
)
_REJECTED = "SELECT concat_ws(' ', file_path, file_position) FROM raw.rejected_records"
_LOADED = "SELECT message_id::text FROM raw.telegram_messages"


def faults(malformed: int, among: int) -> list[Fault]:
    """Files that are not as they should be.

    Args:
        malformed: how many records of a lake cannot be used,
        among: how many that can.
    """
    name = f"{malformed:,} malformed records among {among:,}"

    def inject(arena: Arena, fault: str, _undisturbed: Tables) -> Injection:
        return _malform(arena, fault, malformed, among)

    return [
        Fault("lake file torn in its last line", _tear, is_short=True),
        Fault("photos that are none", _spoil_photos, is_short=True),
        Fault(name, inject, is_short=True),
        Fault("full disk", _fill_disk, is_short=True),
    ]


def _tear(arena: Arena, name: str, undisturbed: Tables) -> Injection:
    """As a power cut leaves the file that was being appended to."""
    with arena.place(name) as place:
        place.finish("scrape")
        files = sorted((place.data / "raw" / "telegram_messages").glob("*/*.jsonl"))
        for file in files:
            first = file.read_bytes().splitlines()[0]
            with file.open("ab") as torn:
                torn.write(first[: len(first) // 2])
        watch = Stopwatch()
        place.finish()
        return Injection(len(files), watch.seconds, place.tables(), undisturbed)


def _spoil_photos(arena: Arena, name: str, undisturbed: Tables) -> Injection:
    """A run tells of them and goes on; when the photos are there again, nothing reminds of it."""
    with arena.place(name) as place:
        place.finish("scrape")
        photos = sorted((place.data / "raw" / "images").glob("*/*.jpg"))[:20]
        kept = {photo: photo.read_bytes() for photo in photos}
        for number, photo in enumerate(photos):
            photo.write_bytes(kept[photo][: len(kept[photo]) // 3] if number % 2 else b"\xff\xd8\xffno picture")
        place.finish()
        with place.connect() as connection:
            query = "SELECT count(*) FROM raw.image_scans WHERE status = 'unreadable'"
            (unreadable,) = connection.execute(query).fetchone() or (0,)
        if unreadable < len(photos):
            raise AssertionError(f"of {len(photos)} photos {unreadable} were told to be unreadable")
        for photo, content in kept.items():
            photo.write_bytes(content)
        watch = Stopwatch()
        place.finish()
        return Injection(len(photos), watch.seconds, place.tables(), undisturbed)


def _malform(arena: Arena, name: str, malformed: int, among: int) -> Injection:
    """Each is rejected once, with its place, and no good record with it; loading again changes nothing."""
    with arena.place(name, TELEGRAM_SOURCE="lake", SOURCE_LAKE=str(arena.folder / "malformed-lake")) as place:
        file = arena.folder / "malformed-lake" / "telegram_messages" / "2026-09-30" / "shop.jsonl"
        places = _write(file, malformed, among)
        place.finish("db", "start")
        place.finish("scrape")
        watch = Stopwatch()
        place.finish("load", "messages")
        seconds = watch.seconds
        place.finish("load", "messages")
        with place.connect() as connection:
            found = {
                "messages": [row for (row,) in connection.execute(_LOADED)],
                "rejected": [row for (row,) in connection.execute(_REJECTED)],
            }
        relative = file.relative_to(arena.folder / "malformed-lake").as_posix()
        expected = {
            "messages": [str(number) for number in range(1, among + 1)],
            "rejected": [f"{relative} {place_of}" for place_of in places],
        }
        return Injection(malformed, seconds, found, expected)


def _write(file: Path, malformed: int, among: int) -> list[int]:
    """Writes the file; returns where the malformed lines begin."""
    file.parent.mkdir(parents=True)
    chance = random.Random(7)
    before = sorted(chance.randrange(among) for _ in range(malformed))
    template = json.loads(line(1))
    position, places, following = 0, [], 0
    with file.open("wb") as output:
        for number in range(1, among + 1):
            while following < malformed and before[following] < number:
                bad = _MALFORMED[following % len(_MALFORMED)] + b"\n"
                places.append(position)
                position += output.write(bad)
                following += 1
            position += output.write(json.dumps({**template, "message_id": number}).encode() + b"\n")
    return places


def _fill_disk(arena: Arena, name: str, undisturbed: Tables) -> Injection:
    """A run fails with words, the next one after making room brings everything."""
    with _small_disk(arena.folder / "disk") as disk, Arena(disk, arena.models_dir).place(name) as place:
        place.finish("scrape")
        ballast = disk / "ballast"
        _fill(disk, ballast)
        with place.running() as process:
            code = process.wait(timeout=LONGEST_RUN)
        said = place.said()
        ballast.unlink()
        watch = Stopwatch()
        place.finish()
        found = place.tables()
        if code == 0 or "Traceback" in said:
            raise AssertionError(f"the run on a full disk ended with {code}:\n{said[-2000:]}")
        return Injection(1, watch.seconds, found, undisturbed)


def _fill(disk: Path, ballast: Path) -> None:
    with ballast.open("wb") as file:
        while _free(disk) > _LEFT_BYTES:
            file.write(bytes(min(1_000_000, _free(disk) - _LEFT_BYTES)))
            file.flush()


def _free(disk: Path) -> int:
    status = os.statvfs(disk)
    return status.f_bavail * status.f_frsize


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        raise ImpossibleHereError("a small disk cannot be mounted here")
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
