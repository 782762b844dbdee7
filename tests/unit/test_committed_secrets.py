"""`make lint` stops at a secret that git tracks, says where it stands, and does not repeat it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from committed_secrets import HARMLESS, fits, tracked_files
from factories import PROJECT

# Made here, or this file would be the first to be found.
HEX = sha256(b"an api_hash of Telegram").hexdigest()[:32]
KEY = "AKIA" + "IOSFODNN7" + "QWERTYU"
TOKEN = b64encode(sha256(b"a bot").digest()).decode().translate({43: "x", 47: "y"})[:35]
PLANTED = {
    "loading.py": f'ACCESS = "{KEY}"',
    "keys/id.pem": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow",
    "settings.yml": f"telegram:\n  api_hash: {HEX}",
    "deploy.env": f"POSTGRES_PASS{'WORD'}={HEX}",
    "docs/alerts.md": f"use tgram://987654321:{TOKEN}/-1001",
    "query.sql": f"-- postgresql://reader:{KEY}@db.example.org/warehouse",
    # No exception for tests reaches what tests do not make up.
    "tests/conftest.py": f'pass{"word"} = "{KEY.lower()}"',
    # Hashes are harmless in the models' files, and nowhere else there.
    "warehouse/load.sql": f"-- api_hash = '{HEX}'",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with nothing to be found in it."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    plant(tmp_path, "README.md", "Nothing to see here.")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    return tmp_path


def git(folder: Path, *command: str) -> None:
    subprocess.run(["git", *command], cwd=folder, check=True)  # noqa: S607


def look(folder: Path) -> tuple[int, str]:
    script = PROJECT / "tests" / "committed_secrets.py"
    done = subprocess.run([sys.executable, script], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def plant(folder: Path, name: str, content: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(f"{content}\n")


def test_each_planted_secret_is_found_and_not_repeated(checkout: Path) -> None:
    for name, content in PLANTED.items():
        plant(checkout, name, content)
    git(checkout, "add", "--all")
    status, said = look(checkout)
    assert status == 1
    assert {line.split(":")[0] for line in said.splitlines() if line.split(":")[0] in PLANTED} == set(PLANTED)
    assert "make another one" in said
    assert not [secret for secret in (KEY, KEY.lower(), HEX, "MIIEow", TOKEN) if secret in said]


def test_a_secret_that_was_committed_is_found(checkout: Path) -> None:
    assert look(checkout) == (0, "")
    plant(checkout, "loading.py", PLANTED["loading.py"])
    git(checkout, "add", "--all")
    git(checkout, "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "--quiet", "--message", "x")
    status, said = look(checkout)
    assert (status, said.splitlines()[0]) == (1, "loading.py:1: AWS Access Key")


def test_a_comment_does_not_hide_a_secret(checkout: Path) -> None:
    plant(checkout, "loading.py", f"{PLANTED['loading.py']}  # pragma: allowlist secret")
    git(checkout, "add", "--all")
    assert look(checkout)[0] == 1


def test_what_git_does_not_track_is_nobodys_business(checkout: Path) -> None:
    plant(checkout, "loading.py", PLANTED["loading.py"])
    assert look(checkout) == (0, "")


def test_a_value_is_harmless_only_as_a_whole_and_where_it_is_said_to_be(checkout: Path) -> None:
    plant(checkout, "tests/a.py", 'password = "wrong-and-unguessable"')
    plant(checkout, "docs.md", "postgresql://reader:PASSWORD@db.example.org/warehouse")
    git(checkout, "add", "--all")
    assert look(checkout) == (0, "")
    plant(checkout, "src.py", 'password = "wrong-and-unguessable"')
    plant(checkout, "docs.md", "postgresql://reader:PASSWORD" + "-4711@db.example.org/warehouse")
    git(checkout, "add", "--all")
    status, said = look(checkout)
    assert (status, [line.split(":")[0] for line in said.splitlines()[:2]]) == (1, ["docs.md", "src.py"])


def test_a_copy_without_git_is_no_failure_and_a_git_that_refuses_is_one(tmp_path: Path) -> None:
    status, said = look(tmp_path)
    assert (status, "no secrets were looked for" in said) == (0, True)
    (tmp_path / ".git").write_text("gitdir: nowhere")
    status, said = look(tmp_path)
    assert (status, "no secrets were looked for" in said) == (1, True)


@pytest.mark.parametrize(("files", "values"), HARMLESS)
def test_each_exception_is_still_needed(monkeypatch: pytest.MonkeyPatch, files: str, values: str) -> None:
    """One that is left over would one day let something through."""
    if shutil.which("git") is None or not (PROJECT / ".git").exists():
        pytest.skip("not a git checkout")
    monkeypatch.chdir(PROJECT)
    others = [name for name in tracked_files() if fits(name, [files]) and not name.endswith("committed_secrets.py")]
    assert any(re.search(values, Path(name).read_text("utf-8", errors="replace")) for name in others)
