"""The dashboard's pages in a real browser: milliseconds until something is seen by somebody who is new to the page."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from statistics import median

from playwright.sync_api import sync_playwright

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_ROUNDS = 7
# Closing the former visitor's tab and starting one keep both cores busy for a third of a second, and a page that was
# asked for meanwhile took 340 ms instead of 250. A reader's tab is there before the click.
_UNTIL_TAB_RESTS_MILLISECONDS = 500
_FIRST_PAINT = """
() => new Promise((resolve) => {
  new PerformanceObserver((list) => {
    const paint = list.getEntriesByName("first-contentful-paint")[0];
    if (paint) resolve(paint.startTime);
  }).observe({ type: "paint", buffered: true });
})
"""


def first_paints(url: str, pages: Mapping[str, str]) -> dict[str, float]:
    """Milliseconds to the first contentful paint of each page, the median of some visits with an empty cache.

    Raises:
        RuntimeError: there is no browser.
    """
    browser = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        message = "the table `api` looks at pages in Chromium: apt-get install chromium"
        raise RuntimeError(message)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        seen: dict[str, list[float]] = {name: [] for name in pages}
        for _ in range(_ROUNDS):
            for name, path in pages.items():
                visitor = chromium.new_context()
                page = visitor.new_page()
                page.wait_for_timeout(_UNTIL_TAB_RESTS_MILLISECONDS)
                page.goto(f"{url}{path}")
                seen[name].append(float(page.evaluate(_FIRST_PAINT)))
                visitor.close()
        chromium.close()
    return {name: median(values) for name, values in seen.items()}
