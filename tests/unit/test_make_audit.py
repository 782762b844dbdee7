"""`make audit` passes only where every locked package was looked up and none has a known hole."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from factories import PROJECT

NOT_THERE = "nothing was audited"
HOLES = "Found 1 known vulnerability in 1 package\nName Version ID\njinja2 1.0 PYSEC-1"
AWAY = "ERROR:pip_audit._cli:agate: Dependency not found on PyPI and could not be audited: agate (1.9.1)"
NO_NETWORK = "requests.exceptions.ConnectionError: Failed to resolve 'pypi.org'"


def audit(folder: Path, said: str, status: int) -> tuple[int, str, str]:
    """Run it with a pip-audit that says so; returns its status, its output, and what was asked for."""
    if shutil.which("make") is None:
        pytest.skip("needs make")
    pip_audit = folder / "pip-audit"
    pip_audit.write_text(
        f'#!/bin/sh\necho "$@" > {folder}/asked\ncat >> {folder}/asked\necho "{said}"\nexit {status}\n'
    )
    pip_audit.chmod(0o755)
    command = ["make", "audit", f"BIN={folder}", "INSTALLED_DEV="]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr, (folder / "asked").read_text()


def test_every_locked_package_is_asked_for_and_none_may_be_skipped(tmp_path: Path) -> None:
    status, said, asked = audit(tmp_path, "No known vulnerabilities found", 0)
    assert status == 0
    assert NOT_THERE not in said
    options, *locked = asked.splitlines()
    assert "--strict" in options
    pinned = [line for line in locked if "==" in line]
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert set(pinned) >= {line for line in (PROJECT / name).read_text().splitlines() if "==" in line}
    assert not [line for line in locked if line.startswith("-e")]


def test_a_known_hole_fails_it(tmp_path: Path) -> None:
    status, said, _ = audit(tmp_path, HOLES, 1)
    assert status != 0
    assert "PYSEC-1" in said
    assert NOT_THERE not in said


@pytest.mark.parametrize("trouble", [AWAY, NO_NETWORK])
def test_where_nobody_answers_it_fails_and_says_that_nothing_was_audited(tmp_path: Path, trouble: str) -> None:
    status, said, _ = audit(tmp_path, trouble, 1)
    assert status != 0
    assert trouble in said
    assert NOT_THERE in said
