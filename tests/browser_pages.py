"""Pages in a real Chromium. It may ask nobody but the service, and whatever its console says is a fault."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Route, sync_playwright

from api_service import serving
from medical_telegram_warehouse.api import ApiOptions

_NAMES = ("chromium", "google-chrome", "chromium-browser")
Scheme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def browser(service: str) -> Iterator[Browser]:
    """One browser for the tests of a file; after the service, whose building runs event loops of its own.

    Not for the session: while it runs, no other test of the process could run an event loop.
    """
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"none of the browsers {', '.join(_NAMES)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Opens pages of a service, each in a window of its own, and remembers what went wrong."""

    browser: Browser
    base: str
    problems: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Addresses of all requests, without the service's own."""

    def visit(
        self,
        path: str,
        *,
        base: str | None = None,
        status: int = 200,
        scheme: Scheme = "light",
        width: int = 1280,
        script: bool = True,
        **context: Any,
    ) -> Page:
        """A page, once it is loaded."""
        base = base or self.base
        window = self.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script, **context
        )
        page = window.new_page()

        def guard(route: Route) -> None:
            address = route.request.url
            if address.startswith((base, "data:")):
                self.asked.append(address.removeprefix(base))
                route.continue_()
            else:
                self.problems.append(f"{path} asked for {address}")
                route.abort()

        def hear(message: ConsoleMessage) -> None:
            is_expected = status != 200 and message.text.startswith("Failed to load resource")
            if message.type in ("error", "warning") and not is_expected:
                self.problems.append(f"{path}: {message.type}: {message.text} {message.location}")

        page.route("**/*", guard)
        page.on("console", hear)
        page.on("pageerror", lambda error: self.problems.append(f"{path}: {error}"))
        response = page.goto(base + path)
        assert response is not None
        assert response.status == status, response.text()[:2000]
        return page

    def leave(self) -> None:
        """Close all pages."""
        for window in self.browser.contexts:
            window.close()


@pytest.fixture
def visitor(browser: Browser, service: str) -> Iterator[Visitor]:
    visitor = Visitor(browser, service)
    yield visitor
    visitor.leave()
    assert not visitor.problems, "\n".join(visitor.problems)


@contextmanager
def serving_pages(visitor: Visitor, options: ApiOptions) -> Iterator[str]:
    """A service of one's own, which outlives its pages: they ask for charts and the icon after they are loaded."""
    with serving(options) as url:
        try:
            yield url
        finally:
            visitor.leave()


def follow(found: Locator) -> None:
    """Click on what leads to another page, and wait until that is loaded."""
    with found.page.expect_navigation():
        found.click()


def where(page: Page) -> str:
    """Path and query of a page."""
    parts = urlsplit(page.url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def plain(text: str) -> str:
    """A text with blanks made one, as people read it."""
    return re.sub(r"\s+", " ", text).strip()


def texts(found: Locator) -> list[str]:
    """The texts of all that was found, shown or not."""
    return [plain(each) for each in found.all_text_contents()]


def table(found: Locator) -> list[list[str]]:
    """The cells of a table's body, row by row."""
    rows = cast(
        "list[list[str]]",
        found.evaluate("table => [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.textContent))"),
    )
    return [[plain(cell) for cell in row] for row in rows]


def amount(text: str) -> Decimal | None:
    """What a number on a page says; None for one that is not known."""
    digits = text.replace("\u2212", "-").replace(",", "").replace("\u00a0ETB", "").replace(" ETB", "").strip()
    return None if digits == "–" else Decimal(digits)


def chart_table(page: Page, key: str) -> list[list[str]]:
    """The table below a chart."""
    return table(page.locator(f"figure#{key} table"))


def drawn(page: Page, keys: Sequence[str]) -> None:
    """Wait until charts are drawn."""
    for key in keys:
        page.locator(f"figure#{key} canvas").first.wait_for()
