"""`mtw scrape` and `mtw import` as a person uses them: from Telegram, from the public preview, from exports."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from telethon import functions

from conftest import free_port
from export_files import JPEG, chat, exported, one_chat, service, whole_account, write_export
from own_telegram import HASH, NOW, Telegram, lake, lines
from preview_server import FIRST_DATE, PreviewChannel, PreviewPost, PreviewServer, posts
from telegram_server.fake_channel import FakeChannel

MTW = Path(sys.executable).with_name("mtw")
GetFile = functions.upload.GetFileRequest
# Plays `mtw`, and is killed in the middle of the line after the given number of lines of messages.
DIE_AFTER = """
import os, signal, sys
from medical_telegram_warehouse.cli import main
from medical_telegram_warehouse.lake import writer

left = int(sys.argv.pop(1))
append = writer.append_lines

def append_or_die(path, lines):
    global left
    if "telegram_messages" not in path.parts or len(lines) <= left:
        left -= len(lines) if "telegram_messages" in path.parts else 0
        return append(path, lines)
    append(path, [*lines[:left], lines[left][: len(lines[left]) // 2]])
    os.kill(os.getpid(), signal.SIGKILL)

writer.append_lines = append_or_die
main()
"""


class Said(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """All of it in one line, as a terminal's width breaks lines anywhere."""
        return " ".join(f"{self.out} {self.err}".split())

    @property
    def channels(self) -> dict[str, str]:
        """The table of channels: each name with all that its row says, in single spaces."""
        rows = self.out.partition("waited s")[2].splitlines()
        found = (re.match(r"(\S.*?) {2,}((?:read|unreadable|paused|interrupted|repeated)\b.*)", row) for row in rows)
        return {row[1]: " ".join(row[2].split()) for row in found if row}


class Shell:
    """A shell with settings of its own; `mtw` keeps its data in `root`/data."""

    def __init__(self, root: Path, **settings: str) -> None:
        self.root = root / "data"
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TELEGRAM_", "POSTGRES_", "SCRAPE_", "WEB_"))
        }
        self.environment = {
            **kept,
            "NO_PROXY": "127.0.0.1",
            "DATA_DIR": str(self.root),
            "DAGSTER_HOME": str(root / "dagster"),
            "POSTGRES_PORT": str(free_port()),
            **settings,
        }

    def mtw(self, *arguments: str | Path, **settings: str) -> Said:
        return self.run([MTW, *arguments], **settings)

    def run(self, command: list[str | Path], **settings: str) -> Said:
        environment = {**self.environment, **settings}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
        assert "Traceback" not in done.stdout + done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    @property
    def texts(self) -> dict[int, str]:
        """The newest text of each message."""
        return {line["message_id"]: line["message_text"] for line in lines(self.root)}

    @property
    def files(self) -> dict[str, bytes]:
        """Every file with messages, byte by byte."""
        folder = self.root / "raw" / "telegram_messages"
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("*/*")}

    @property
    def photos(self) -> dict[str, bytes]:
        return lake(self.root)[1]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


class Site(PreviewServer):
    """Gives each channel a number of its own: by one number two names would be one channel."""

    def widget(self, name: str, post: PreviewPost) -> str:
        number = 1_000_000_001 + list(self.channels).index(name.lower())
        return re.sub(r'data-peer="c\d+_', f'data-peer="c{number}_', super().widget(name, post))


class TestThePreview:
    @pytest.fixture
    def shop(self) -> PreviewChannel:
        """Twenty-five posts over two pages; the last is an album of two photos."""
        album = PreviewPost(
            25, FIRST_DATE + timedelta(days=2), "<b>New</b>: Zinc 50&nbsp;birr", photos=[JPEG, JPEG + b"2"]
        )
        return PreviewChannel("Shop", [*posts(*range(1, 25)), album])

    def settings(self, server: PreviewServer, channels: str) -> dict[str, str]:
        return {
            "WEB_PREVIEW_URL": server.url,
            "WEB_PREVIEW_DELAY_SECONDS": "0",
            "TELEGRAM_CHANNELS": channels,
        }

    def test_messages_and_photos_reach_the_lake_and_a_table_tells_of_each_channel(
        self, shell: Shell, shop: PreviewChannel
    ) -> None:
        with Site(shop, PreviewChannel("other", posts(7))) as server:
            done = shell.mtw("scrape", "--source", "web", **self.settings(server, "@shop, t.me/s/other"))
        assert done.code == 0, done
        assert "27 new messages, 0 seen again with changes, 2 photos (web)" in done.words
        assert done.channels == {"Shop": "read 26 2", "other": "read 1"}
        assert shell.texts[25] == "New: Zinc 50\xa0birr"
        assert Counter(line["channel_name"] for line in lines(shell.root)) == {"Shop": 26, "other": 1}
        assert {line["source"] for line in lines(shell.root)} == {"web"}
        assert shell.photos == {"Shop/25.jpg": JPEG, "Shop/26.jpg": JPEG + b"2"}

    def test_a_second_scrape_brings_nothing_and_asks_for_no_photo(self, shell: Shell, shop: PreviewChannel) -> None:
        with Site(shop) as server:
            settings = self.settings(server, "Shop")
            shell.mtw("scrape", "--source", "web", **settings)
            before = shell.files
            server.requests.clear()
            again = shell.mtw("scrape", "--source", "web", **settings)
        assert again.code == 0
        assert "nothing new since the last scrape (web)" in again.words
        assert again.channels == {"Shop": "read"}
        assert shell.files == before
        assert [path for path in server.requests if path.startswith("/photo/")] == []

    def test_a_channel_without_preview_is_reported_with_its_reason_and_stops_no_other(
        self, shell: Shell, shop: PreviewChannel
    ) -> None:
        with Site(shop) as server:
            done = shell.mtw("scrape", "--source", "web", **self.settings(server, "@gone,Shop,-1001234567890"))
        assert done.code == 0, done
        assert done.channels == {"@gone": "unreadable", "Shop": "read 26 2", "-1001234567890": "unreadable"}
        assert "not read to the end: @gone (unreadable), -1001234567890 (unreadable)" in done.words
        assert re.search(
            r"@gone: gone: http://\S+/s/gone redirects to https://t.me/gone, so there is no public", done.words
        )
        assert "-1001234567890: '-1001234567890' is a number" in done.words
        assert len(shell.texts) == 26

    def test_only_when_no_channel_can_be_read_the_command_fails_and_says_why_of_each(self, shell: Shell) -> None:
        with Site() as server:
            done = shell.mtw("scrape", "--source", "web", **self.settings(server, "gone,lost"))
        assert (done.code, done.out) == (1, "")
        assert "error: none of the 2 channels could be read" in done.words
        for name in ("gone", "lost"):
            assert re.search(rf"{name}: {name}: http://\S+/s/{name} redirects to", done.words), name

    def test_named_channels_without_credentials_are_read_from_the_preview(
        self, shell: Shell, shop: PreviewChannel
    ) -> None:
        """Inventing a sample would fill the warehouse with what is not so."""
        with Site(shop) as server:
            done = shell.mtw("scrape", TELEGRAM_SOURCE="auto", **self.settings(server, "Shop"))
        assert done.code == 0, done
        assert "26 new messages" in done.words
        assert {line["source"] for line in lines(shell.root)} == {"web"}


class TestAnExport:
    @pytest.fixture
    def export(self, tmp_path: Path) -> Path:
        """A chat of four messages, one of them a service message, with a photo that is there and one that is not."""
        return one_chat(
            tmp_path / "ChatExport_1",
            exported(1),
            service(2),
            exported(3, photo="photos/photo_1.jpg"),
            exported(4, photo="(File not included. Change data exporting settings to download.)"),
            photos={"photos/photo_1.jpg": JPEG},
        )

    def test_messages_and_photos_reach_the_lake_under_the_chats_title(self, shell: Shell, export: Path) -> None:
        done = shell.mtw("import", export)
        assert done.code == 0, done
        assert "import 3 new messages, 0 seen again with changes, 1 photos (export)" in done.words
        assert done.channels == {"Zinc & Co": "read 3 1"}
        assert "photo not included: 1 left out" in done.words
        assert "service: 1 left out" in done.words
        assert shell.texts == {1: "Zinc syrup 1", 3: "Zinc syrup 3", 4: "Zinc syrup 4"}
        [photo] = shell.photos.values()
        assert photo == JPEG
        [named] = [line["image_path"] for line in lines(shell.root) if line["image_path"]]
        assert (shell.root.parent / named).read_bytes() == JPEG

    def test_the_channel_may_be_named_and_the_file_instead_of_its_folder(self, shell: Shell, export: Path) -> None:
        done = shell.mtw("import", export / "result.json", "--channel", "zinc_and_co")
        assert done.channels == {"zinc_and_co": "read 3 1"}
        assert {line["channel_name"] for line in lines(shell.root)} == {"zinc_and_co"}
        assert set(shell.photos) == {"zinc_and_co/3.jpg"}

    def test_the_folder_around_an_export_will_do(self, shell: Shell, export: Path) -> None:
        assert shell.mtw("import", export.parent).channels == {"Zinc & Co": "read 3 1"}

    def test_the_same_export_again_writes_no_line_and_no_photo(self, shell: Shell, export: Path) -> None:
        shell.mtw("import", export)
        before = lake(shell.root), shell.files
        again = shell.mtw("import", export)
        assert again.code == 0
        assert "nothing new since the last scrape (export)" in again.words
        assert again.channels == {"Zinc & Co": "read"}
        assert (lake(shell.root), shell.files) == before

    def test_a_channel_keeps_the_name_of_its_first_import(self, shell: Shell, export: Path) -> None:
        shell.mtw("import", export)
        assert shell.mtw("import", export, "--channel", "another").channels == {"Zinc & Co": "read"}

    def test_a_later_export_adds_what_was_edited_and_what_is_new(
        self, shell: Shell, export: Path, tmp_path: Path
    ) -> None:
        shell.mtw("import", export)
        before = shell.files
        edit = {"text": "Zinc syrup, now 40 birr", "edited_unixtime": "1767262000"}
        later = one_chat(
            tmp_path / "ChatExport_2",
            exported(1, **edit),
            service(2),
            exported(3, photo="photos/photo_7@01-01-2026_10-00-00.jpg"),
            exported(4, photo="(File not included. Change data exporting settings to download.)"),
            exported(5),
            exported(6, photo="photos/photo_8.jpg"),
            photos={"photos/photo_7@01-01-2026_10-00-00.jpg": JPEG, "photos/photo_8.jpg": JPEG + b"8"},
        )
        done = shell.mtw("import", later)
        assert done.channels == {"Zinc & Co": "read 2 1 1"}
        assert "2 new messages, 1 seen again with changes, 1 photos" in done.words
        [(name, content)] = shell.files.items()
        added = [json.loads(line) for line in content.removeprefix(before[name]).splitlines()]
        assert [(line["message_id"], line["message_text"]) for line in added] == [
            (1, "Zinc syrup, now 40 birr"),
            (5, "Zinc syrup 5"),
            (6, "Zinc syrup 6"),
        ]
        assert sorted(shell.photos.values()) == [JPEG, JPEG + b"8"]

    def test_a_photo_that_an_export_did_not_include_comes_with_a_later_one(
        self, shell: Shell, export: Path, tmp_path: Path
    ) -> None:
        shell.mtw("import", export)
        later = one_chat(tmp_path / "2", exported(4, photo="photos/4.jpg"), photos={"photos/4.jpg": JPEG + b"4"})
        shell.mtw("import", later)
        assert sorted(shell.photos.values()) == [JPEG, JPEG + b"4"]
        newest = {line["message_id"]: line for line in lines(shell.root)}
        assert (shell.root.parent / newest[4]["image_path"]).read_bytes() == JPEG + b"4"

    def test_of_a_whole_account_only_the_named_chats_are_read(self, shell: Shell, tmp_path: Path) -> None:
        export = whole_account(
            tmp_path / "DataExport_1",
            chat([exported(1)]),
            chat([exported(1, text="salbutamol")], name="Lobelia", telegram_id=5),
            chat([exported(1, text="selam")], name="Abebe", kind="personal_chat", telegram_id=6),
        )
        done = shell.mtw("import", export, "--chat", "lobelia")
        assert done.channels == {"Lobelia": "read 1"}
        assert shell.texts == {1: "salbutamol"}
        rest = shell.mtw("import", export)
        assert rest.channels == {"Zinc & Co": "read 1", "Lobelia": "read"}
        assert "selam" not in {line["message_text"] for line in lines(shell.root)}, "private chats only by name"
        both = shell.mtw("import", export, "--chat", "-1005", "--chat", "Abebe")
        assert both.channels == {"Lobelia": "read", "Abebe": "read 1"}

    def test_a_name_for_one_channel_and_a_chat_that_is_not_there_are_refused(
        self, shell: Shell, tmp_path: Path
    ) -> None:
        export = whole_account(tmp_path / "2", chat([exported(1)]), chat([exported(1)], name="Lobelia", telegram_id=5))
        named = shell.mtw("import", export, "--channel", "one_name")
        assert (named.code, named.out) == (1, "")
        assert "'one_name' is given for one chat, but 2 chats" in named.words
        absent = shell.mtw("import", export, "--chat", "Nobody")
        assert absent.code == 1
        assert "holds no chat 'Nobody'" in absent.words
        assert "'Lobelia' (id 5, public_channel)" in absent.words
        assert lines(shell.root) == []

    def test_a_folder_that_is_no_export_fails_and_says_what_was_looked_for(self, shell: Shell, tmp_path: Path) -> None:
        (tmp_path / "photos").mkdir()
        done = shell.mtw("import", tmp_path / "photos")
        assert (done.code, done.out) == (1, "")
        assert "looked for result.json there and in its folders ChatExport_* and DataExport_*" in done.words
        assert "Machine-readable JSON" in done.words
        absent = shell.mtw("import", tmp_path / "absent")
        assert absent.code == 1
        assert "nothing has that name" in absent.words
        other = shell.mtw("import", write_export(tmp_path / "other", {"name": "package"}))
        assert other.code == 1
        assert "looked for `messages` of one chat or `chats` of an account" in other.words
        assert lines(shell.root) == []

    @pytest.mark.parametrize("after", [0, 1, 499, 500, 1201])
    def test_an_import_that_is_killed_is_completed_by_the_next(self, tmp_path: Path, after: int) -> None:
        """In the middle of a line, after some pages of 500."""
        photos = {f"photos/{number}.jpg": JPEG + bytes([number % 256]) for number in range(100, 1300, 100)}
        messages = [
            exported(number, **({"photo": name} if (name := f"photos/{number}.jpg") in photos else {}))
            for number in range(1, 1301)
        ]
        export = one_chat(tmp_path / "export", *messages, photos=photos)
        killed, whole = Shell(tmp_path / "killed"), Shell(tmp_path / "whole")
        died = killed.run([sys.executable, "-c", DIE_AFTER, str(after), "import", export])
        assert died.code == -signal.SIGKILL
        [torn] = killed.files.values()
        assert (torn.count(b"\n"), torn.endswith(b"\n")) == (after, False)
        done = killed.mtw("import", export)
        assert done.code == 0, done
        assert f"{1300 - after:,} new messages" in done.words
        assert whole.mtw("import", export).code == 0
        assert killed.files == whole.files
        assert killed.photos == whole.photos
        assert len(whole.photos) == 12
        assert "nothing new" in killed.mtw("import", export).words


class TestTelegram:
    @pytest.fixture
    def shell(self, tmp_path: Path, telegram: Telegram) -> Shell:
        return Shell(
            tmp_path,
            TELEGRAM_SOURCE="telegram",
            TELEGRAM_API_ID="12345",
            TELEGRAM_API_HASH=HASH,
            TELEGRAM_SESSION=telegram.session,
            TELEGRAM_CHANNELS="chemed",
            TELEGRAM_DC=telegram.server.dc,
            TELEGRAM_DC_PUBLIC_KEY=str(telegram.server.public_key),
        )

    def export_of(self, shop: FakeChannel, folder: Path, *more: Any) -> Path:
        """Somebody's export of messages 1 to 100 of the shop, with their photos."""
        photos = {f"photos/{number}.jpg": b"\xff\xd8\xff of the export" for number in range(5, 101, 5)}
        messages = [
            exported(
                number,
                text=f"Amoxicillin {number} birr",
                date_unixtime=str(int((NOW - timedelta(hours=250 - number)).timestamp())),
                photo=name if (name := f"photos/{number}.jpg") in photos else ...,
            )
            for number in range(1, 101)
        ]
        return one_chat(folder, *messages, *more, photos=photos, name=shop.title, telegram_id=shop.id)

    def test_an_imported_channel_is_scraped_on_under_its_first_name_and_with_its_own_photos(
        self, shell: Shell, shop: FakeChannel, telegram: Telegram, tmp_path: Path
    ) -> None:
        assert shell.mtw("import", self.export_of(shop, tmp_path / "export")).channels == {"CheMed": "read 100 20"}
        done = shell.mtw("scrape")
        assert done.channels == {"CheMed": "read 250 30"}
        assert {line["channel_name"] for line in lines(shell.root)} == {"CheMed"}
        assert {path.name for path in (shell.root / "raw" / "images").iterdir()} == {"CheMed"}
        assert telegram.server.count(GetFile) == 30, "the export's twenty are there"
        assert shell.photos["CheMed/100.jpg"] == b"\xff\xd8\xff of the export"
        by_source = Counter(line["source"] for line in lines(shell.root))
        assert by_source == {"export": 100, "telegram": 250}, "Telegram knows the views of old messages, too"

    def test_higher_and_later_messages_of_an_export_do_not_cut_scraping_short(
        self, shell: Shell, shop: FakeChannel, tmp_path: Path
    ) -> None:
        """What one source has read says nothing of another: such messages may be gone, or from before a move."""
        later = exported(900_000, text="later", date_unixtime=str(int((NOW + timedelta(days=20)).timestamp())))
        export = self.export_of(shop, tmp_path / "export", later)
        shell.mtw("import", export)
        assert shell.mtw("scrape").channels == {"CheMed": "read 250 30"}
        shop.post("and on", date=NOW + timedelta(hours=1))
        assert shell.mtw("scrape").channels == {"CheMed": "read 1"}
        assert {line["message_id"] for line in lines(shell.root)} == {*range(1, 252), 900_000}
        assert not any(line.get("is_deleted") for line in lines(shell.root))
        assert "nothing new" in shell.mtw("import", export).words

    def test_a_scraped_channel_is_imported_under_its_first_name(
        self, shell: Shell, shop: FakeChannel, tmp_path: Path
    ) -> None:
        shell.mtw("scrape")
        assert shell.mtw("import", self.export_of(shop, tmp_path / "export")).channels == {"chemed": "read 100"}
        assert {path.name for path in (shell.root / "raw" / "images").iterdir()} == {"chemed"}
        assert shell.photos["chemed/100.jpg"] != b"\xff\xd8\xff of the export"

    def test_on_a_terminal_a_row_for_each_channel_moves_on(
        self, shell: Shell, shop: FakeChannel, telegram: Telegram
    ) -> None:
        telegram.server.delay = 0.1
        seen = on_a_terminal([str(MTW), "scrape"], shell.environment)
        rows = re.findall(r"chemed +(?:read +)?([\d,]+) new messages, (\d+) photos", seen)
        assert rows[-1] == ("250", "50")
        assert len(set(rows)) > 1, "it told how far it had come"
        assert re.search(r"chemed +read +250 new messages, 50 photos +0:00:\d\d", seen)
        assert not re.search(r"^\d\d:\d\d:\d\d  chemed: ", seen, re.MULTILINE), "no log line says it again"
        assert re.search(r"^chemed +read +250 +50", seen, re.MULTILINE), "the table of channels"

    def test_without_a_terminal_there_are_plain_lines(self, shell: Shell, shop: FakeChannel) -> None:
        done = shell.mtw("scrape", TERM="xterm-256color")
        assert re.search(r"^\d\d:\d\d:\d\d  chemed: 250 new messages, 50 photos$", done.err, re.MULTILINE)
        assert "\x1b" not in done.out + done.err
        assert "\r" not in done.out + done.err
        assert done.channels == {"chemed": "read 250 50"}


def on_a_terminal(command: list[str], environment: dict[str, str], seconds: float = 100) -> str:
    """Everything that a command writes to a terminal, frame after frame, without the codes that move and colour."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
    kept = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    process = subprocess.Popen(
        command, stdin=follower, stdout=follower, stderr=follower, env={**kept, "TERM": "xterm-256color"}
    )
    os.close(follower)
    written = bytearray()
    deadline = time.monotonic() + seconds
    try:
        while (left := deadline - time.monotonic()) > 0 and select.select([leader], [], [], left)[0]:
            try:
                chunk = os.read(leader, 65536)
            except OSError:  # how Linux says that nobody has the other end any more
                break
            if not chunk:
                break
            written += chunk
        assert process.wait(timeout=max(deadline - time.monotonic(), 1)) == 0
    finally:
        os.close(leader)
        if process.poll() is None:
            process.kill()
            process.wait()
    plain = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", bytes(written))
    return plain.decode().replace("\r\n", "\n").replace("\r", "\n")
