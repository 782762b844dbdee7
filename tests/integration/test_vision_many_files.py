"""A folder of 100,000 photos, of which few differ: all are in the file, and a second scan looks at none again."""

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from detector_models import constant_model
from medical_telegram_warehouse.lake.photos import list_photos
from medical_telegram_warehouse.lake.registry import Lake
from medical_telegram_warehouse.vision.models.weights import ModelFile
from medical_telegram_warehouse.vision.rules import load_categories
from medical_telegram_warehouse.vision.scan import ScanOptions, scan_photos
from peak_memory import resident_peak

FILES, CONTENTS = 100_000, 200
CHANNELS = ("a", "b", "c", "d")
BYTES_FOR_EACH_FILE = 2_500
BYTES_FOR_ALL = 300_000_000  # the interpreter, its libraries, a runtime
SCAN_IN_CHILD = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
from test_vision_many_files import scan_and_report
scan_and_report(Path(sys.argv[3]))
"""


def scan_and_report(root: Path) -> None:
    """Scan, and print what it did and the most memory that it held."""
    model = constant_model(root / "model")
    summary = scan_photos(
        list_photos([Lake("many", root / "lake")], root),
        ScanOptions(ModelFile("tiny", model.path, model.sha256), load_categories(), 0.25, workers=2),
        cache_path=root / "scans.sqlite",
        csv_path=root / "detections.csv",
        reachable_lakes={"many"},
    )
    report = [summary.photos, summary.contents, summary.scanned, summary.reused, resident_peak()]
    sys.stdout.write(json.dumps(report))


def scanned(root: Path) -> tuple[list[int], int]:
    here = Path(__file__).parent
    command = [sys.executable, "-c", SCAN_IN_CHILD, str(here), str(here.parent), str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *counts, peak = json.loads(done.stdout.splitlines()[-1])
    return counts, peak


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four channels of photos that are names of few files, as copies would be, at a hundredth of the disk."""
    root = tmp_path_factory.mktemp("many")
    sources = root / "sources"
    sources.mkdir()
    for number in range(CONTENTS):
        Image.new("RGB", (16, 16), (number, 255 - number, 60)).save(sources / f"{number}.jpg")
        with (sources / f"{number}.jpg").open("ab") as file:
            file.write(bytes([number]))  # colours that are near each other give the same bytes
    for channel in CHANNELS:
        images = root / "lake/images" / channel
        images.mkdir(parents=True)
        for number in range(1, FILES // len(CHANNELS) + 1):
            os.link(sources / f"{number % CONTENTS}.jpg", images / f"{number}.jpg")
    return root


def rows(root: Path) -> list[dict[str, Any]]:
    with (root / "detections.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_file_has_its_row_and_every_content_is_scanned_once(folder: Path) -> None:
    counts, memory = scanned(folder)
    assert counts == [FILES, CONTENTS, CONTENTS, 0]
    assert memory < BYTES_FOR_ALL + BYTES_FOR_EACH_FILE * FILES
    written = rows(folder)
    expected = [(channel, number) for channel in CHANNELS for number in range(1, FILES // len(CHANNELS) + 1)]
    assert [(row["channel_name"], int(row["message_id"])) for row in written] == expected
    assert {row["status"] for row in written} == {"ok"}
    assert set(Counter(row["sha256"] for row in written).values()) == {FILES // CONTENTS}


def test_a_second_scan_looks_at_no_photo_and_writes_the_same(folder: Path) -> None:
    before = (folder / "detections.csv").read_bytes()
    counts, memory = scanned(folder)
    assert counts == [FILES, CONTENTS, 0, CONTENTS]
    assert memory < BYTES_FOR_ALL + BYTES_FOR_EACH_FILE * FILES
    assert (folder / "detections.csv").read_bytes() == before


def test_one_new_photo_among_them_is_the_only_one_scanned(folder: Path) -> None:
    Image.new("RGB", (16, 16), "white").save(folder / "lake/images/c/999999.jpg")
    counts, _ = scanned(folder)
    assert counts == [FILES + 1, CONTENTS + 1, 1, CONTENTS]
    assert sum(row["message_id"] == "999999" for row in rows(folder)) == 1
