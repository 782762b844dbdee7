"""The embedded server starts where one is wanted, once, and stays."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import SecretStr

from conftest import free_port
from medical_telegram_warehouse.errors import DatabaseRefusedError, DatabaseUnavailableError
from medical_telegram_warehouse.postgres.connection import connect, is_listening
from medical_telegram_warehouse.postgres.embedded import EmbeddedServer
from medical_telegram_warehouse.records import DatabaseAddress
from waiting import wait_for

PR_SET_CHILD_SUBREAPER = 36
PASSWORD = 'it\'s a "test" $HOME \\ with  spaces, ዚንክ'
START_IN_CHILD = """
import sys
from pathlib import Path
from pydantic import SecretStr
from medical_telegram_warehouse.postgres.embedded import EmbeddedServer
from medical_telegram_warehouse.records import DatabaseAddress
address = DatabaseAddress("localhost", int(sys.argv[2]), "warehouse", "owner", SecretStr(sys.argv[3]))
print(EmbeddedServer(Path(sys.argv[1]), address).ensure())
"""
NewServer = Callable[..., EmbeddedServer]


@pytest.fixture
def address() -> DatabaseAddress:
    return DatabaseAddress("localhost", free_port(), "warehouse", "owner", SecretStr(PASSWORD))


@pytest.fixture
def make(tmp_path: Path, address: DatabaseAddress) -> Iterator[NewServer]:
    """Servers of one data folder with a space in its name; whatever runs is stopped at the end."""
    data_dir = tmp_path / "my data"

    def new(**changes: Any) -> EmbeddedServer:
        return EmbeddedServer(data_dir, address._replace(**changes))

    yield new
    new().stop()


def value(address: DatabaseAddress, query: str) -> object:
    with connect(address) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def keep_a_row(address: DatabaseAddress) -> None:
    with connect(address) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")


def test_it_starts_once_keeps_its_data_and_stops(make: NewServer, address: DatabaseAddress) -> None:
    server = make()
    assert not server.is_running()
    assert server.ensure()
    assert server.is_running()
    assert not server.ensure(), "it listens already"
    assert value(address, "SELECT current_database() || ' ' || current_user") == "warehouse owner"
    assert value(address, "SHOW listen_addresses") == "127.0.0.1", "no other machine can reach it"
    assert value(address, "SHOW password_encryption") == "scram-sha-256"
    keep_a_row(address)

    assert server.stop()
    assert not server.stop()
    assert not is_listening("127.0.0.1", address.port)
    assert server.ensure()
    assert value(address, "SELECT number FROM kept") == 7


def test_the_password_is_needed_and_left_in_no_file(make: NewServer, address: DatabaseAddress) -> None:
    server = make()
    server.ensure()
    with pytest.raises(DatabaseRefusedError, match="refused the password"):
        value(address._replace(password=SecretStr("another")), "SELECT 1")
    files = [path for path in server.folder.iterdir() if path.is_file()]
    assert {path.name for path in files} == {".lock", "server.log"}
    assert PASSWORD not in server.log.read_text()


def test_it_outlives_the_command_that_started_it(make: NewServer, address: DatabaseAddress, tmp_path: Path) -> None:
    """`dbt test` and psql are run after `mtw run` has ended."""
    arguments = [str(tmp_path / "my data"), str(address.port), PASSWORD]
    child = subprocess.run(
        [sys.executable, "-c", START_IN_CHILD, *arguments], capture_output=True, text=True, check=True, timeout=120
    )
    assert child.stdout == "True\n"
    assert value(address, "SELECT 1") == 1
    assert make().is_running()


def test_several_that_start_at_once_start_one(make: NewServer) -> None:
    started: list[bool] = []
    threads = [threading.Thread(target=lambda: started.append(make().ensure())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(started) == [False, False, True]


def test_a_half_made_cluster_is_made_again(make: NewServer, address: DatabaseAddress) -> None:
    """What a kill in the middle of initdb leaves."""
    draft = make().folder / "cluster.new"
    (draft / "base").mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    assert make().ensure()
    assert not draft.exists()
    assert value(address, "SELECT 1") == 1


@pytest.fixture
def reaper() -> Iterator[None]:
    """This process becomes the parent of servers, so that a killed one is listed for as long as nobody asks for it."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    yield
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    wait_for(no_server_is_left)


def no_server_is_left() -> bool:
    """Ask for those that have ended. Other tests look at this process's children."""
    servers = [child for child in psutil.Process().children() if child.name() == "postgres"]
    for server in servers:
        if server.status() == psutil.STATUS_ZOMBIE:
            os.waitpid(server.pid, 0)
    return not servers


@pytest.mark.usefixtures("reaper")
def test_a_server_that_was_killed_starts_again_once_it_is_gone(make: NewServer, address: DatabaseAddress) -> None:
    server = make()
    server.ensure()
    keep_a_row(address)
    pid = int((server.cluster / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not is_listening("127.0.0.1", address.port))
    with ThreadPoolExecutor(max_workers=1) as pool:
        started = pool.submit(server.ensure)
        wait_for(lambda: "already exists" in server.log.read_text())
        assert not started.done()
        assert os.waitpid(pid, 0)[0] == pid
        assert started.result()
    assert value(address, "SELECT number FROM kept") == 7


def test_a_cluster_made_with_another_password_says_so(make: NewServer) -> None:
    make().ensure()
    make().stop()
    with pytest.raises(DatabaseRefusedError, match="refused the password of user 'owner'"):
        make(password=SecretStr("another")).ensure()


def test_another_database_of_the_same_cluster_is_made_at_the_start(make: NewServer, address: DatabaseAddress) -> None:
    make().ensure()
    make().stop()
    name = 'an "odd" name'
    make(database=name).ensure()
    assert value(address._replace(database=name), "SELECT current_database()") == name


def test_a_cluster_that_runs_on_another_port_is_not_started_twice(make: NewServer, address: DatabaseAddress) -> None:
    make().ensure()
    with pytest.raises(DatabaseRefusedError, match=f"runs already, but on port {address.port}, not .* `mtw db stop`"):
        make(port=free_port()).ensure()


def test_a_server_that_does_not_come_up_shows_the_end_of_its_log(make: NewServer) -> None:
    make().ensure()
    make().stop()
    with (make().cluster / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = on\n")
    with pytest.raises(DatabaseUnavailableError, match=r"did not start on port \d+:(.|\n)*no_such_setting"):
        make().ensure()


@pytest.mark.parametrize("host", ["192.0.2.1", "db.example.org"])
def test_a_configured_host_is_never_replaced_by_an_empty_database(make: NewServer, host: str) -> None:
    server = make(host=host)
    assert not server.ensure()
    assert not server.folder.exists()


@pytest.mark.parametrize("in_the_way", ["my data", "my data/postgres"])
def test_a_folder_that_cannot_be_made_is_named(make: NewServer, tmp_path: Path, in_the_way: str) -> None:
    path = tmp_path / in_the_way
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"a file in the folder's place")
    with pytest.raises(DatabaseRefusedError, match=r"cannot write .*my data/postgres: .* set DATA_DIR"):
        make().ensure()


@pytest.mark.parametrize("size", ["16k", "8m"])
def test_a_full_disk_is_explained_and_leaves_no_half_cluster(make: NewServer, tmp_path: Path, size: str) -> None:
    folder = tmp_path / "my data"
    folder.mkdir()
    mount = [shutil.which("mount") or "mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        with pytest.raises(DatabaseRefusedError, match="No space left on device"):
            make().ensure()
        assert not make().cluster.exists()
        assert not list(make().folder.glob(".initdb-*")), "no password is left behind"
    finally:
        subprocess.run([shutil.which("umount") or "umount", str(folder)], check=True)
    assert make().ensure(), "with space it works"
