"""pg_dump and pg_restore: which ones fit a server, how they are run, what they answer.

They come with the embedded server. A server that is newer than those needs its own, found on PATH: pg_dump refuses
servers newer than itself. Backups are written by backup.py and put back by restore.py.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

from psycopg.conninfo import make_conninfo

from medical_telegram_warehouse.errors import DatabaseRefusedError, PermanentError
from medical_telegram_warehouse.postgres.embedded import bundled_binaries
from medical_telegram_warehouse.records import DatabaseAddress

TICK_SECONDS = 5.0
_ANSWER_LINES = 4
_ANSWER_LENGTH = 600
_VERSIONS_IN_A_NUMBER = 10_000


class BackupError(PermanentError):
    """A backup cannot be written, or cannot be read, or is not what it says."""


class ProgramFailedError(BackupError):
    """pg_dump or pg_restore failed; `answer` is what it said."""

    def __init__(self, program: str, answer: str) -> None:
        super().__init__(f"{program} failed: {answer}")
        self.answer = answer


class Programs(NamedTuple):
    """A pair of programs of one version."""

    version: str
    dump: Path
    restore: Path

    @property
    def major(self) -> int:
        """The number that compatibility depends on."""
        return int(self.version.split(".", 1)[0])


def installed_programs() -> list[Programs]:
    """What the embedded server's package brings, and what is on PATH."""
    pairs: list[tuple[Path, Path]] = []
    with suppress(DatabaseRefusedError):  # no embedded server for this platform
        pairs.extend((folder / "pg_dump", folder / "pg_restore") for folder in bundled_binaries())
    on_path = shutil.which("pg_dump"), shutil.which("pg_restore")
    if on_path[0] and on_path[1]:
        pairs.append((Path(on_path[0]), Path(on_path[1])))
    return [Programs(version, *pair) for pair in pairs if (version := _version(pair[0]))]


def fitting_programs(server_version: int, installed: Sequence[Programs] | None = None) -> list[Programs]:
    """The programs that may talk to a server, the nearest version first.

    Nearest, because what a newer pg_dump writes and a newer pg_restore says is not always understood by older servers.

    Raises:
        BackupError: there are none.
    """
    major = server_version // _VERSIONS_IN_A_NUMBER
    found = installed_programs() if installed is None else installed
    fitting = sorted((pair for pair in found if pair.major >= major), key=lambda pair: pair.major)
    if not fitting:
        have = ", ".join(f"{pair.version} ({pair.dump})" for pair in found) or "none"
        raise BackupError(
            f"the server is PostgreSQL {major}, which only pg_dump and pg_restore {major} or newer can talk to; found: "
            f"{have}. Install its client programs (Debian and Ubuntu: apt-get install postgresql-client-{major}; "
            f"macOS: brew install postgresql@{major}) so that they are on PATH, and run this again"
        )
    return fitting


def connection_argument(address: DatabaseAddress) -> str:
    """Where to connect, as one argument; the password goes by the environment, because arguments are public."""
    place = make_conninfo(host=address.host, port=address.port, user=address.user, dbname=address.database)
    return f"--dbname={place}"


@contextmanager
def started(path: Path, *arguments: str, address: DatabaseAddress | None = None) -> Iterator[Program]:
    """Start pg_dump or pg_restore; it is ended with the block."""
    # In English, because what went wrong is told by its words.
    environment = {**os.environ, "LC_ALL": "C", "PGAPPNAME": f"mtw {path.name}", "PGCONNECT_TIMEOUT": "10"}
    if address is not None:
        environment["PGPASSWORD"] = address.password.get_secret_value()
    # Into files: a pipe that nobody reads would fill up, and stop the program.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [str(path), *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=errors, env=environment
        )
        try:
            yield Program(path.name, process, output, errors)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()


class Program(NamedTuple):
    """A program that was started."""

    name: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    errors: IO[bytes]

    def wait(self, on_tick: Callable[[], None] = lambda: None) -> str:
        """Wait for its end; returns what it printed.

        Args:
            on_tick: called every few seconds meanwhile.

        Raises:
            ProgramFailedError: it ended with an error.
        """
        while True:
            try:
                code = self.process.wait(TICK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                on_tick()
        if code:
            raise ProgramFailedError(self.name, _shortened(_text(self.errors)) or f"it ended with code {code}")
        return _text(self.output)


def contents(programs: Programs, path: Path) -> str:
    """The table of contents of an archive.

    Raises:
        ProgramFailedError: these programs cannot read it.
    """
    with started(programs.restore, "--list", str(path)) as listing:
        return listing.wait()


def _version(program: Path) -> str | None:
    try:
        answer = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\b(\d+(?:\.\d+)*)", answer.stdout)
    return found[1] if found else None


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _shortened(text: str) -> str:
    lines = [re.sub(r"^pg_(dump|restore): ", "", line.strip()) for line in text.splitlines() if line.strip()]
    # The causes come before what follows from them, and before the text of the failed command.
    causes = [line for line in lines if line.startswith("error:")] or lines
    return " / ".join(causes[:_ANSWER_LINES])[:_ANSWER_LENGTH]
