"""Labelled photos of real channels, judged by the command that users judge theirs with."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SHARED = PROJECT.parent / "shared"
LABELS = SHARED / "eval/images/gold.jsonl"
LAKES = [SHARED / "data/real" / name for name in ("lake-b", "lake-c")]
pytestmark = pytest.mark.skipif(not LABELS.exists(), reason="no labelled photos are at ../shared/eval/images")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the command prints of each kind of category."""
    environment = {**os.environ, "DATA_DIR": str(tmp_path_factory.mktemp("unused") / "data")}
    command = [str(Path(sys.executable).with_name("mtw")), "detect", "evaluate", str(LABELS)]
    command += [part for lake in LAKES for part in ("--lake", str(lake))]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=500, check=False)
    assert done.returncode == 0, done.stderr
    image, content = done.stdout.split("\ncontent_category")
    return {"image_category": image, "content_category": content}


def figure(text: str, name: str) -> float:
    found = re.search(rf"{re.escape(name)} +([0-9.]+)$", text, re.MULTILINE)
    assert found, (name, text)
    return float(found[1])


@pytest.mark.parametrize(
    ("kind", "least_accuracy", "least_f1"), [("image_category", 0.76, 0.72), ("content_category", 0.92, 0.82)]
)
def test_categories_fit_the_labels_as_well_as_they_must(
    report: dict[str, str], kind: str, least_accuracy: float, least_f1: float
) -> None:
    assert figure(report[kind], "accuracy") >= least_accuracy
    assert figure(report[kind], "macro F1") >= least_f1


def test_on_a_channel_that_no_threshold_was_chosen_on_they_beat_the_most_frequent_category(
    report: dict[str, str],
) -> None:
    for text in report.values():
        held_out = figure(text, "each channel with thresholds chosen on the others")
        assert held_out > figure(text, "always 'product_display'")


def test_every_labelled_photo_is_in_the_warehouse(report: dict[str, str]) -> None:
    assert "185 photos" in report["image_category"]
    assert "not in the warehouse" not in report["image_category"]
