"""`mtw detect sheet` and `mtw detect previews` as a person uses them, each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save
from PIL import Image

MTW = Path(sys.executable).with_name("mtw")
SHOP, OTHER, WILD = "Lobelia_Shop", "other_shop", "../ሎቤሊያ"
MANY = 100


class Result(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


class Project:
    """A data folder with three channels' photos, and a model that sees a bottle on every photo."""

    def __init__(self, root: Path) -> None:
        self.data = root / "data"
        self.processed = self.data / "processed"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TELEGRAM_", "YOLO_"))},
            "DATA_DIR": str(self.data),
            "YOLO_MODEL": str(bottle_model(root / "bottle.onnx")),
            "NO_COLOR": "1",
            "TERM": "dumb",
            "COLUMNS": "200",
        }

    def photo(self, channel: str, number: int, *, size: tuple[int, int] = (640, 480), shade: int | None = None) -> Path:
        path = self.data / "raw/images" / channel.replace("/", "%2F").replace(".", "%2E") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        grey = number if shade is None else shade
        Image.new("RGB", size, (grey % 256, 128, grey // 256)).save(path)  # PNG keeps shades apart
        return path

    def mtw(self, *arguments: str | Path) -> Result:
        done = subprocess.run(
            [str(MTW), "detect", *map(str, arguments)],
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=100,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return Result(done.returncode, done.stdout, " ".join(done.stderr.split()))

    def previews(self) -> list[Path]:
        return sorted((self.processed / "previews").rglob("*.webp"))


def bottle_model(path: Path) -> Path:
    answer = np.array([[[16, 16, 48, 48, 0.8, 0]]], np.float32)
    picture = helper.make_tensor_value_info("images", TensorProto.UINT8, [1, 64, 64, 3])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, 6])
    node = helper.make_node("Constant", [], ["output"], value=numpy_helper.from_array(answer))
    graph = helper.make_graph([node], "bottle", [picture], [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"names": "bottle"})
    save(model, path)
    return path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def scanned(project: Project) -> Project:
    """Three photos of one channel, two of them the same; one of a second, and one of a third with a strange name."""
    for number, shade in ((1, 10), (2, 10), (3, 90)):
        project.photo(SHOP, number, shade=shade)
    (project.data / "raw/images" / SHOP / "4.jpg").write_bytes(b"\x00\x00\x00\x18ftypmp42")
    project.photo(OTHER, 1, shade=150, size=(60, 40))
    project.photo(WILD, 1, shade=200)
    assert project.mtw().code == 0
    return project


class TestSheet:
    def test_it_is_written_below_the_data_folder_and_its_path_printed(self, scanned: Project) -> None:
        result = scanned.mtw("sheet", SHOP)
        path = scanned.processed / "sheets" / f"{SHOP}.png"
        assert result.code == 0, result.err
        assert result.out == f"3 different photos of {SHOP}; 1 could not be read: {path}\n"
        with Image.open(path) as picture:
            assert (picture.format, picture.mode) == ("PNG", "RGB")

    def test_it_goes_where_it_is_asked_for_with_as_many_photos(self, scanned: Project, tmp_path: Path) -> None:
        path = tmp_path / "new folder" / "my.PNG"
        result = scanned.mtw("sheet", SHOP, "--limit", "1", "--output", path)
        assert result.out.startswith(f"the newest 1 of 3 different photos of {SHOP}; 1 could not be read: ")
        assert path.exists()
        assert not (scanned.processed / "sheets").exists()

    def test_capitals_and_the_at_sign_do_not_matter(self, scanned: Project) -> None:
        assert scanned.mtw("sheet", f"@{SHOP.lower()}").code == 0
        assert (scanned.processed / "sheets" / f"{SHOP}.png").exists()

    def test_a_channel_whose_name_looks_like_a_path_stays_in_the_folder(self, scanned: Project) -> None:
        assert scanned.mtw("sheet", WILD).code == 0
        [path] = (scanned.processed / "sheets").iterdir()
        assert path.name == "%2E%2E%2Fሎቤሊያ.png"

    def test_an_unknown_channel_is_answered_with_those_that_are_meant_and_those_that_are_there(
        self, scanned: Project
    ) -> None:
        result = scanned.mtw("sheet", "lobelia")
        assert result.code == 1
        assert f"Did you mean {SHOP}?" in result.err
        assert f"Photos were scanned of: {SHOP} (4), {WILD} (1), {OTHER} (1)" in result.err
        assert "Did you mean" not in scanned.mtw("sheet", "zzzz").err

    def test_before_any_scan_it_says_what_to_run(self, project: Project) -> None:
        for command in (("sheet", SHOP), ("previews",)):
            result = project.mtw(*command)
            assert result.code == 1
            assert "`mtw detect` makes it" in result.err

    def test_without_any_photo_it_says_what_to_run(self, project: Project) -> None:
        assert project.mtw().code == 0
        result = project.mtw("sheet", SHOP)
        assert result.code == 1
        assert "no photo was scanned yet" in result.err

    def test_another_kind_of_picture_and_a_damaged_file_are_refused(self, scanned: Project) -> None:
        assert "name it sheet.png" in scanned.mtw("sheet", SHOP, "--output", "sheet.jpg").err
        path = scanned.processed / "yolo_detections.csv"
        path.write_bytes(path.read_bytes()[:-30])
        result = scanned.mtw("sheet", SHOP)
        assert result.code == 1
        assert "is damaged" in result.err


class TestPreviews:
    def test_they_are_made_once_for_every_content(self, scanned: Project) -> None:
        folder = scanned.processed / "previews"
        result = scanned.mtw("previews")
        assert (result.code, result.out) == (0, f"previews of 4 photos made: {folder}\n"), result.err
        assert len(scanned.previews()) == 8
        again = scanned.mtw("previews")
        assert again.out == f"nothing to do, all 4 photos have their previews: {folder}\n"

    def test_those_of_one_channel_are_made_alone(self, scanned: Project) -> None:
        assert scanned.mtw("previews", "--channel", OTHER.upper()).out.startswith("previews of 1 photos made: ")
        for path in scanned.previews():
            with Image.open(path) as picture:
                assert picture.size == (60, 40)
        assert scanned.mtw("previews", "--channel", "zzzz").code == 1
        assert scanned.mtw("previews").out.startswith("previews of 3 photos made; 1 had theirs: ")

    def test_what_went_wrong_is_counted_by_reason(self, scanned: Project) -> None:
        scanned.photo(OTHER, 1, shade=7)
        (scanned.data / "raw/images" / SHOP / "3.png").unlink()
        lines = scanned.mtw("previews").out.splitlines()
        assert lines[0].startswith("previews of 2 photos made; 2 photos failed: ")
        assert sorted(line.strip() for line in lines[1:]) == [
            "1  the file changed since its scan",
            "1  the file is gone, or its lake is out of reach",
        ]

    @pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
    def test_a_run_that_is_stopped_leaves_whole_pictures_and_goes_on_where_it_ended(
        self, project: Project, sent: signal.Signals
    ) -> None:
        for number in range(MANY):
            project.photo(SHOP, number + 1, size=(1100, 900))
        assert project.mtw().code == 0
        child = subprocess.Popen([str(MTW), "detect", "previews"], env=project.environment, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while len(project.previews()) < 10 and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        child.send_signal(sent)
        _, said = child.communicate(timeout=30)
        assert child.returncode in (130, -sent), said
        assert sent is signal.SIGKILL or b"continues where it stopped" in said
        kept = project.previews()
        assert 10 <= len(kept) < 2 * MANY
        for path in kept:
            with Image.open(path) as picture:
                picture.load()
        before = {path: path.stat().st_mtime_ns for path in kept}
        assert project.mtw("previews").code == 0
        assert len(project.previews()) == 2 * MANY
        assert {path: path.stat().st_mtime_ns for path in kept} == before
