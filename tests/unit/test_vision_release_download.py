"""Downloading a checkpoint from a page like Ultralytics', which here is a folder served by a real web server."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from medical_telegram_warehouse.errors import ModelDownloadError, ModelError
from medical_telegram_warehouse.vision.models.release_download import download_checkpoint
from medical_telegram_warehouse.vision.models.ultralytics_export import RELEASED


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """Its address and its folder."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "page"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_checkpoint_is_downloaded_once(tmp_path: Path, page: tuple[str, Path]) -> None:
    address, folder = page
    (folder / "yolov8n.pt").write_bytes(b"PK\x03\x04 and so on")
    path = download_checkpoint("yolov8n.pt", tmp_path / "models", release=address)
    assert path.read_bytes() == b"PK\x03\x04 and so on"
    (folder / "yolov8n.pt").unlink()
    assert download_checkpoint("yolov8n.pt", tmp_path / "models", release=address) == path
    assert [one.name for one in (tmp_path / "models").iterdir()] == ["yolov8n.pt"]


def test_a_page_without_the_file_is_a_passing_error_that_names_the_address(
    tmp_path: Path, page: tuple[str, Path]
) -> None:
    address, _ = page
    with pytest.raises(ModelDownloadError, match="404") as caught:
        download_checkpoint("yolov8n.pt", tmp_path / "models", release=address)
    assert f"{address}/yolov8n.pt" in str(caught.value)
    assert str(tmp_path / "models") in str(caught.value)


def test_a_page_that_is_not_reached_is_a_passing_error(tmp_path: Path, page: tuple[str, Path]) -> None:
    with pytest.raises(ModelDownloadError, match="could not be downloaded"):
        download_checkpoint("yolov8n.pt", tmp_path, release="http://127.0.0.1:1")


def test_a_page_of_a_proxy_is_not_kept_as_a_checkpoint(tmp_path: Path, page: tuple[str, Path]) -> None:
    address, folder = page
    (folder / "yolov8n.pt").write_text("<html>Log in first</html>")
    with pytest.raises(ModelError, match="no checkpoint"):
        download_checkpoint("yolov8n.pt", tmp_path / "models", release=address)
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("name", ["yolov8n.pt", "yolo11s.pt", "yolov5nu.pt", "yolov10b.pt", "yolo26x.pt"])
def test_names_of_the_release_page_are_known(name: str) -> None:
    assert RELEASED.fullmatch(name)


@pytest.mark.parametrize("name", ["best.pt", "../yolov8n.pt", "yolov8n.onnx", "models/yolov8n.pt", "yolo.pt/x.pt"])
def test_no_other_name_is_asked_for(name: str) -> None:
    assert not RELEASED.fullmatch(name)
