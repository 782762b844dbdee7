"""A scan that is killed goes on where it ended."""

import hashlib
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save
from PIL import Image

from medical_telegram_warehouse.records import PhotoFile
from medical_telegram_warehouse.vision.models.weights import ModelFile
from medical_telegram_warehouse.vision.rules import load_categories
from medical_telegram_warehouse.vision.scan import ScanOptions, ScanSummary, scan_photos

PHOTOS = 60
SCAN_IN_CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_vision_killed_scan import scan
scan(Path(sys.argv[2]), output=sys.argv[3])
"""


def slow_model(path: Path) -> ModelFile:
    """Sees one bottle, after some 20 ms of multiplying: long enough to be killed in the middle of a run."""
    answer = np.array([[[24, 24, 40, 40, 0.8, 0]]], np.float32)
    side = 700
    square = np.full((side, side), 1 / side, np.float32)
    constants = [numpy_helper.from_array(answer, "answer"), numpy_helper.from_array(square, "square")]
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats"], ["mean"], axes=[0, 1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["square", "mean"], ["work0"]),
        *[helper.make_node("MatMul", [f"work{i}", "square"], [f"work{i + 1}"]) for i in range(6)],
        helper.make_node("ReduceMean", ["work6"], ["rest"], axes=[0, 1], keepdims=0),
        helper.make_node("Sub", ["rest", "rest"], ["zero"]),
        helper.make_node("Add", ["answer", "zero"], ["output"]),
    ]
    picture = helper.make_tensor_value_info("images", TensorProto.UINT8, [1, 64, 64, 3])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, 6])
    graph = helper.make_graph(nodes, "slow", [picture], [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"names": "bottle"})
    save(model, path)
    return ModelFile("slow", path, hashlib.sha256(path.read_bytes()).hexdigest())


def scan(root: Path, *, output: str) -> ScanSummary:
    model = root / "slow.onnx"
    photos = [
        PhotoFile(lake="raw", channel_name="shop", message_id=int(path.stem), path=path, image_path=path.name)
        for path in (root / "shop").iterdir()
    ]
    return scan_photos(
        photos,
        ScanOptions(
            ModelFile("slow", model, hashlib.sha256(model.read_bytes()).hexdigest()), load_categories(), 0.25, workers=2
        ),
        cache_path=root / output / "scans.sqlite",
        csv_path=root / output / "detections.csv",
        reachable_lakes={"raw"},
    )


def kept_scans(cache: Path) -> int:
    if not cache.exists():
        return 0
    connection = sqlite3.connect(cache, timeout=10)
    try:
        return int(connection.execute("SELECT count(*) FROM scans").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # the child has not made its tables yet
    finally:
        connection.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    for number in range(PHOTOS):
        Image.new("L", (64, 64), number * 4).save(tmp_path / "shop" / f"{number}.jpg")
    slow_model(tmp_path / "slow.onnx")
    return tmp_path


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_stopped_goes_on_where_it_ended(project: Path, sent: signal.Signals) -> None:
    arguments = [str(Path(__file__).parent), str(project), "stopped"]
    child = subprocess.Popen([sys.executable, "-c", SCAN_IN_CHILD, *arguments], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while kept_scans(project / "stopped/scans.sqlite") < 5 and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(sent)
    assert child.wait(30) != 0, "the child finished before it could be stopped"
    kept = kept_scans(project / "stopped/scans.sqlite")
    assert 5 <= kept < PHOTOS
    assert not (project / "stopped/detections.csv").exists()

    summary = scan(project, output="stopped")
    assert (summary.reused, summary.scanned) == (kept, PHOTOS - kept)
    scan(project, output="undisturbed")
    assert (project / "stopped/detections.csv").read_bytes() == (project / "undisturbed/detections.csv").read_bytes()
