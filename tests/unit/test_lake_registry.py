"""Connected lakes are remembered by short names."""

from __future__ import annotations

from pathlib import Path

import pytest

from medical_telegram_warehouse.errors import LakeError
from medical_telegram_warehouse.lake.registry import OWN_LAKE, Lake, connect_lake, registered_lakes
from medical_telegram_warehouse.scrape import connect_existing_lake


def folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "project" / "data"


def connect(data: Path, root: Path) -> tuple[Lake, bool]:
    return connect_lake(data, data / "raw", root)


def test_without_a_registry_there_is_only_our_own_lake(data: Path) -> None:
    assert registered_lakes(data, data / "raw") == [Lake(OWN_LAKE, data / "raw")]


def test_a_connected_lake_is_remembered_once(data: Path, tmp_path: Path) -> None:
    root = folder(tmp_path / "lake-a")
    assert connect(data, root) == (Lake("lake-a", root), True)
    assert connect(data, tmp_path / "project" / ".." / "lake-a") == (Lake("lake-a", root), False)
    assert registered_lakes(data, data / "raw") == [Lake(OWN_LAKE, data / "raw"), Lake("lake-a", root)]


def test_names_are_what_people_call_the_lake_and_stay_distinct(data: Path, tmp_path: Path) -> None:
    places = ["x/lake-a/raw", "y/lake-a/data/raw", "Shops of May!/raw", "own", "ሐኪም", "ሱቅ"]
    names = [connect(data, folder(tmp_path / place))[0].name for place in places]
    assert names == ["lake-a", "lake-a-2", "shops-of-may", "own-2", "lake", "lake-2"]


@pytest.mark.parametrize("place", ["project/data/raw", "project/data", "project", "project/data/raw/images", "."])
def test_a_lake_that_overlaps_our_own_is_refused(data: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "project/data/raw/images").mkdir(parents=True)
    with pytest.raises(LakeError, match="overlaps this project's own lake"):
        connect(data, tmp_path / place)
    assert len(registered_lakes(data, data / "raw")) == 1


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": 1}', b'{"a": "/x'])
def test_a_damaged_registry_says_how_to_mend_it(data: Path, content: bytes) -> None:
    folder(data)
    (data / "lakes.json").write_bytes(content)
    with pytest.raises(LakeError, match=r"lakes\.json, is damaged .* delete it and connect each lake again"):
        registered_lakes(data, data / "raw")


def test_a_registry_that_cannot_be_read_or_written_is_named(data: Path, tmp_path: Path) -> None:
    folder(data / "lakes.json.tmp")
    with pytest.raises(LakeError, match=r"cannot remember the lake in .*lakes\.json: Is a directory"):
        connect(data, folder(tmp_path / "lake-a"))
    folder(data / "lakes.json")
    with pytest.raises(LakeError, match=r"cannot read the list of connected lakes, .*lakes\.json: Is a directory"):
        registered_lakes(data, data / "raw")


def test_a_lake_is_connected_by_its_folder_or_a_parent_and_only_if_it_is_one(data: Path, tmp_path: Path) -> None:
    root = folder(tmp_path / "lake-a" / "raw" / "images").parent
    lake, is_new = connect_existing_lake(tmp_path / "lake-a", data_dir=data, lake_root=data / "raw")
    assert (lake.root, lake.name, is_new) == (root, "lake-a", True)
    assert not connect_existing_lake(root, data_dir=data, lake_root=data / "raw")[1]
    with pytest.raises(LakeError, match="no lake at"):
        connect_existing_lake(folder(tmp_path / "empty"), data_dir=data, lake_root=data / "raw")


def test_a_lake_on_a_disk_that_is_not_there_is_unreachable_and_kept(data: Path, tmp_path: Path) -> None:
    root = folder(tmp_path / "disk")
    connect(data, root)
    root.rmdir()
    [_, lake] = registered_lakes(data, data / "raw")
    assert not lake.is_reachable
