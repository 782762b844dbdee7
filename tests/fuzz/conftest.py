"""How long fuzzing takes: as long as any generated test, or with `--hypothesis-profile long` as long as is wished."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

settings.register_profile("long", max_examples=int(os.environ.get("FUZZ_EXAMPLES", "5000")))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A find may be text that is no UTF-8. Told as it is, it would end xdist's worker, and nobody would see it."""
    report = yield
    report.sections = [(title, _shown(text)) for title, text in report.sections]
    if report.longrepr is not None and _shown(str(report.longrepr)) != str(report.longrepr):
        report.longrepr = _shown(str(report.longrepr))
    return report


def _shown(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
