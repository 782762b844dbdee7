"""A kill at any moment loses and repeats nothing, and only one process writes."""

from __future__ import annotations

import errno
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from factories import NOW, message
from medical_telegram_warehouse.errors import LakeBusyError, LakeError
from medical_telegram_warehouse.lake.checkpoints import CHECKPOINTS_FILE
from medical_telegram_warehouse.lake.writer import ChannelWriter, open_lake
from medical_telegram_warehouse.records import Channel, Message

DAY = date(2026, 9, 30)
NEXT_DAY = DAY + timedelta(days=1)
SINCE = datetime(2026, 9, 23, tzinfo=UTC)
PAGE = [message(1), message(2), message(3)]


@contextmanager
def writing(root: Path, day: date = DAY) -> Iterator[ChannelWriter]:
    with open_lake(root) as lake:
        yield lake.channel("shop", "sample", day, SINCE)


def write(root: Path, *messages: Message, day: date = DAY) -> list[Message]:
    with writing(root, day) as writer:
        return writer.append(messages)


def file_of(root: Path, day: date = DAY) -> Path:
    return root / "telegram_messages" / day.isoformat() / "shop.jsonl"


def ids(root: Path, day: date = DAY) -> list[int]:
    return [json.loads(line)["message_id"] for line in file_of(root, day).read_bytes().splitlines()]


def checkpoints(root: Path) -> Path:
    return root / CHECKPOINTS_FILE


def forget(root: Path) -> None:
    for path in root.glob(f"{CHECKPOINTS_FILE}*"):
        path.unlink()


def remembered(root: Path) -> list[int]:
    with sqlite3.connect(checkpoints(root)) as database:
        return [number for (number,) in database.execute("SELECT message_id FROM seen ORDER BY message_id")]


def test_observations_are_lines_in_the_folder_of_their_scrape_date(tmp_path: Path) -> None:
    assert write(tmp_path, *PAGE) == PAGE
    assert ids(tmp_path) == [1, 2, 3]
    with writing(tmp_path) as writer:
        assert writer.last_message_id == 3


def test_every_line_has_the_fields_of_the_contract_and_null_for_what_is_not_known(tmp_path: Path) -> None:
    bare = Message(message_id=1, channel_name="shop", message_date=datetime(2026, 9, 30, tzinfo=UTC), source="sample")
    write(tmp_path, bare)
    assert json.loads(file_of(tmp_path).read_bytes()) == {
        "message_id": 1,
        "channel_name": "shop",
        "message_date": "2026-09-30T00:00:00Z",
        "message_text": "",
        "has_media": None,
        "image_path": None,
        "views": None,
        "forwards": None,
        "source": "sample",
    }
    forget(tmp_path)
    assert write(tmp_path, bare) == [], "read back, it is the same observation"


def test_an_unchanged_observation_is_not_written_twice_and_a_changed_one_is(tmp_path: Path) -> None:
    write(tmp_path, *PAGE)
    later = datetime(2026, 9, 30, 23, tzinfo=UTC)
    assert write(tmp_path, message(2, scraped_at=later)) == [], "only the moment of scraping differs"
    changed = message(2, scraped_at=later, views=999)
    assert write(tmp_path, changed, changed) == [changed]
    assert write(tmp_path, message(2)) == [message(2)], "a counter may fall back: compared with the last, not with all"
    assert ids(tmp_path) == [1, 2, 3, 2, 2]


def test_what_was_seen_is_remembered_over_days(tmp_path: Path) -> None:
    write(tmp_path, *PAGE)
    assert write(tmp_path, *PAGE, message(4), day=NEXT_DAY) == [message(4)]
    assert ids(tmp_path, NEXT_DAY) == [4]


def test_nothing_is_remembered_of_messages_too_old_to_be_seen_again(tmp_path: Path) -> None:
    """The checkpoint of a channel with a million messages would grow with each scrape."""
    write(tmp_path, message(1, message_date=SINCE - timedelta(days=2)), message(2))
    assert remembered(tmp_path) == [2]
    with writing(tmp_path) as writer:
        assert writer.last_message_id == 2


@pytest.mark.parametrize("next_scrape", [DAY, NEXT_DAY])
@pytest.mark.parametrize("knows", ["first page", "nothing"])
def test_lines_that_the_checkpoint_does_not_know_are_read_back(tmp_path: Path, next_scrape: date, knows: str) -> None:
    """A kill between a page and its checkpoint; the next scrape may be on the next day."""
    write(tmp_path, *PAGE)
    before = checkpoints(tmp_path).read_bytes()
    write(tmp_path, message(4), message(2, views=999))
    forget(tmp_path)
    if knows == "first page":
        checkpoints(tmp_path).write_bytes(before)

    with writing(tmp_path, next_scrape) as writer:
        assert writer.last_message_id == 4
        again = [message(1), message(2, views=999), message(3), message(4)]
        assert writer.append(again) == []
        assert writer.append([message(5)]) == [message(5)]
    assert ids(tmp_path)[:5] == [1, 2, 3, 4, 2]


@pytest.mark.parametrize("next_scrape", [DAY, NEXT_DAY])
def test_a_torn_line_is_cut_off_and_written_again(tmp_path: Path, next_scrape: date) -> None:
    write(tmp_path, *PAGE)
    whole = file_of(tmp_path).read_bytes()
    file_of(tmp_path).write_bytes(whole + b'{"message_id":4,"channel_na')
    assert write(tmp_path, message(4), day=next_scrape) == [message(4)]
    assert file_of(tmp_path).read_bytes().startswith(whole)
    assert ids(tmp_path) + (ids(tmp_path, NEXT_DAY) if next_scrape != DAY else []) == [1, 2, 3, 4]


def test_a_torn_first_line_of_any_length_leaves_an_empty_file(tmp_path: Path) -> None:
    file_of(tmp_path).parent.mkdir(parents=True)
    file_of(tmp_path).write_bytes(b'{"message_id":1,"message_text":"' + b"x" * 200_000)
    with writing(tmp_path) as writer:
        assert writer.last_message_id is None
        assert file_of(tmp_path).read_bytes() == b""


def test_a_scrape_without_news_leaves_files_and_their_times_alone(tmp_path: Path) -> None:
    """Loading skips a file of the same size and time; cutting nothing off used to touch it."""
    write(tmp_path, *PAGE)
    before = file_of(tmp_path).stat()
    write(tmp_path, *PAGE)
    after = file_of(tmp_path).stat()
    assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


def test_a_damaged_line_in_our_lake_does_not_stop_the_next_scrape(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, *PAGE)
    forget(tmp_path)
    file_of(tmp_path).write_bytes(file_of(tmp_path).read_bytes() + b"\xff damaged\n")
    assert write(tmp_path, *PAGE, message(4)) == [message(4)]
    assert "damaged line" in caplog.text


def test_damaged_checkpoints_say_how_to_mend_them_and_that_works(tmp_path: Path) -> None:
    write(tmp_path, *PAGE)
    forget(tmp_path)
    checkpoints(tmp_path).write_bytes(b"no database" * 1000)
    with pytest.raises(LakeError, match=r"checkpoints\.sqlite, are damaged .* delete that file"):
        write(tmp_path, message(4))
    forget(tmp_path)
    assert write(tmp_path, *PAGE, message(4)) == [message(4)]


def test_emptied_checkpoints_are_made_again_from_the_lines(tmp_path: Path) -> None:
    write(tmp_path, *PAGE)
    forget(tmp_path)
    checkpoints(tmp_path).write_bytes(b"")
    assert write(tmp_path, *PAGE, message(4)) == [message(4)]


def test_what_one_source_has_read_says_nothing_of_another(tmp_path: Path) -> None:
    """An export may end far ahead of what was scraped: scraping must not go on behind it."""
    write(tmp_path, *PAGE)
    forget(tmp_path)
    with open_lake(tmp_path) as lake:
        other = lake.channel("shop", "export", DAY, None)
        assert other.last_message_id is None
        assert other.append([message(9, source="export")]) == [message(9, source="export")]
    with writing(tmp_path) as writer:
        assert writer.last_message_id == 3


def test_a_source_that_yields_everything_has_all_of_it_remembered(tmp_path: Path) -> None:
    old = message(1, source="export", message_date=SINCE - timedelta(days=2000))
    for expected in ([old], []):
        with open_lake(tmp_path) as lake:
            assert lake.channel("shop", "export", DAY, None).append([old]) == expected


def test_a_deleted_message_is_no_longer_expected_and_may_come_back(tmp_path: Path) -> None:
    gone = Message(
        message_id=2,
        channel_name="shop",
        message_date=message(2).message_date,
        is_deleted=True,
        scraped_at=message(2).scraped_at,
        source="sample",
    )
    write(tmp_path, *PAGE)
    with writing(tmp_path) as writer:
        assert list(writer.expected(SINCE, 2)) == [1, 2]
        assert writer.append([gone]) == [gone]
        assert list(writer.expected(SINCE, 3)) == [1, 3]
        assert writer.append([gone]) == [], "noticed once"
    forget(tmp_path)
    with writing(tmp_path) as writer:
        assert list(writer.expected(SINCE, 3)) == [1, 3], "read back from the lines"
        assert writer.append([message(2)]) == [message(2)]
        assert list(writer.expected(SINCE, 3)) == [1, 2, 3]


def test_a_photo_that_is_missing_is_remembered_until_it_is_found(tmp_path: Path) -> None:
    shown = message(4, image_path="raw/images/shop/4.jpg", photo_id=77)
    with writing(tmp_path) as writer:
        writer.append([shown], missing={4})
        assert writer.missing_photos() == [4]
        assert writer.photo_ids([shown]) == {4: 77}
    forget(tmp_path)
    with writing(tmp_path) as writer:
        assert writer.missing_photos() == [4], "the line names a photo that is not there"
        writer.append([], found={4})
        assert writer.missing_photos() == []


def test_a_channel_keeps_the_name_that_it_was_first_stored_under(tmp_path: Path) -> None:
    """User names change hands; a channel that was renamed must not become two."""
    seen = Channel(channel_name="shop", scraped_at=NOW, source="telegram", telegram_id=1, username="shop")
    renamed = msgspec.structs.replace(seen, channel_name="shop_new", username="shop_new")
    taken_over = msgspec.structs.replace(seen, telegram_id=2)
    for checkpoint in ("kept", "lost"):
        if checkpoint == "lost":
            forget(tmp_path)
        with open_lake(tmp_path) as lake:
            for channel, name in ((seen, "shop"), (renamed, "shop"), (taken_over, "shop (2)")):
                settled = lake.settle_name(channel)
                assert (settled.channel_name, settled.username) == (name, channel.username)
                lake.describe_channel(settled)


def test_a_name_that_gets_a_number_stays_short_enough_to_be_loaded(tmp_path: Path) -> None:
    title = "💊" * 256
    first = Channel(channel_name=title, scraped_at=NOW, source="telegram", telegram_id=1)
    with open_lake(tmp_path) as lake:
        assert lake.settle_name(first).channel_name == title
        second = lake.settle_name(msgspec.structs.replace(first, telegram_id=2)).channel_name
    assert second.endswith("💊 (2)")
    assert len(second) == 256


def test_a_second_writer_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    child = (
        "import sys; from pathlib import Path; from medical_telegram_warehouse.lake.writer import open_lake\n"
        "with open_lake(Path(sys.argv[1])): print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", child, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(LakeBusyError, match="another process is writing"), writing(tmp_path):
            pass
        other.kill()
        other.wait()
    assert write(tmp_path, message(1)), "a killed writer holds no lock"


def test_a_channel_is_described_once_for_the_same_facts(tmp_path: Path) -> None:
    described = Channel(channel_name="shop", scraped_at=datetime(2026, 9, 30, 1, tzinfo=UTC), source="sample")
    changed = Channel(channel_name="shop", scraped_at=described.scraped_at, source="sample", subscribers=5)
    path = tmp_path / "telegram_channels" / "2026-09-30.jsonl"
    with open_lake(tmp_path) as lake:
        assert lake.describe_channel(described)
        assert not lake.describe_channel(described)
        path.write_bytes(path.read_bytes() + b'{"channel_na')
        assert lake.describe_channel(changed)
    lines = path.read_bytes().splitlines()
    assert [json.loads(line).get("subscribers") for line in lines] == [None, 5]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"a file in the folder's place")
    with pytest.raises(LakeError, match=r"cannot write the lake .*raw: Not a directory; .* set DATA_DIR"):
        write(tmp_path / "data" / "raw", message(1))


def test_a_place_inside_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "telegram_messages").write_bytes(b"a file in the folder's place")
    with pytest.raises(LakeError, match=f"cannot write the lake {tmp_path}"):
        write(tmp_path, message(1))


def test_a_full_disk_is_explained_and_once_it_has_space_the_scrape_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/dev/full takes nothing, as a full disk does."""
    write(tmp_path, *PAGE)
    day_file, kept = file_of(tmp_path), file_of(tmp_path).read_bytes()
    writer_open = Path.open

    def full(path: Path, mode: str = "r") -> object:
        return writer_open(Path("/dev/full") if path == day_file and mode == "ab" else path, mode)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(LakeError, match="No space left on device") as caught:
            write(tmp_path, message(4))
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC
    assert day_file.read_bytes() == kept
    assert write(tmp_path, *PAGE, message(4)) == [message(4)]
