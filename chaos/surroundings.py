"""What is around a run: other runs, a network that goes away, a clock that is set back, a database under load."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from signal import SIGKILL

from chaos.fault import LONGEST_RUN, Arena, Fault, ImpossibleHereError, Injection, Stopwatch
from chaos.load import Load
from chaos.previews import as_loaded, as_shown, posts_of, previewed
from killed_runs import MTW, Place, Tables
from ports import free_port
from preview_server import FIRST_DATE
from preview_server import Fault as PageFault

_AWAY = PageFault(drops_connection=True)
_EARLY_POSTS, _ALL_POSTS = 100, 200
# The later posts are then of the future, and so is the first run.
_SLOW_CLOCK = FIRST_DATE + timedelta(hours=_EARLY_POSTS - 4)
# How often the scraper asks for a page before it gives it up.
_TIMES_ASKED = 5


def faults() -> list[Fault]:
    """What others do, or what goes away."""
    return [
        Fault("two runs at once, and steps by hand", _run_twice, is_short=True),
        Fault("network lost between preview and scraper", _lose_network, is_short=True),
        Fault("clock set back to before the newest posts", _set_clock_back),
        Fault("PostgreSQL restarted under the API's load", _restart_under_load, is_short=True),
    ]


def _run_twice(arena: Arena, name: str, undisturbed: Tables) -> Injection:
    """One of them does the work, the others wait or are refused with words."""
    commands = [("run",), ("run",), ("scrape",), ("load", "messages"), ("transform", "messages")]
    with arena.place(name) as place:
        place.finish("db", "start")
        watch = Stopwatch()
        others = [
            subprocess.Popen(
                [str(MTW), *command], env=place.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            for command in commands
        ]
        codes = [process.wait(timeout=LONGEST_RUN) for process in others]
        if 0 not in codes[:2]:
            raise AssertionError(f"neither run succeeded: {codes}")
        place.finish()
        return Injection(len(commands) - 1, watch.seconds, place.tables(), undisturbed)


def _lose_network(arena: Arena, name: str, _undisturbed: Tables) -> Injection:
    """In the middle of the pages, until the scraper has given its page up; the step's next attempt goes on there."""
    with previewed(arena, name, 3 * _ALL_POSTS) as (site, place):
        with place.running() as process:
            place.wait_for(lambda: len(site.page_requests) > _ALL_POSTS // site.page_size, process)
            lost = [_AWAY] * 10_000
            site.photo_faults.extend(lost)
            site.page_faults.extend(lost)
            place.wait_for(lambda: len(lost) - len(site.page_faults) == _TIMES_ASKED, process)
            dropped = 2 * len(lost) - len(site.page_faults) - len(site.photo_faults)
            site.page_faults.clear()
            site.photo_faults.clear()
            watch = Stopwatch()
            process.wait(timeout=LONGEST_RUN)
        place.finish()
        return Injection(dropped, watch.seconds, as_loaded(place), as_shown(site))


def _set_clock_back(arena: Arena, name: str, _undisturbed: Tables) -> Injection:
    """For a whole run and its database. What it takes for the future is not lost when the clock is right again."""
    with previewed(arena, name, _EARLY_POSTS) as (site, place):
        place.finish()
        for channel in site.channels.values():
            channel.posts += posts_of(_EARLY_POSTS + 1, _ALL_POSTS)
        place.finish("db", "stop")
        with _clock_set_to(_SLOW_CLOCK, place), place.running() as process:
            process.wait(timeout=LONGEST_RUN)
        if "clock was set back" not in " ".join(place.said().split()):
            raise AssertionError(f"the run did not notice:\n{place.said()}")
        place.finish("db", "stop")
        watch = Stopwatch()
        place.finish()
        return Injection(1, watch.seconds, as_loaded(place), as_shown(site))


@contextmanager
def _clock_set_to(moment: datetime, place: Place) -> Iterator[None]:
    """For what is started in the place meanwhile, the database too. Its clock goes on; waits are as long as ever."""
    faketime = shutil.which("faketime")
    if faketime is None:
        raise ImpossibleHereError("faketime (Debian's package) is not installed")
    library = subprocess.run(
        [faketime, "-f", "+0s", "printenv", "LD_PRELOAD"], check=True, capture_output=True, text=True
    )
    seconds = int((datetime.now(UTC) - moment).total_seconds())
    true = dict(place.environment)
    place.environment |= {
        "LD_PRELOAD": library.stdout.strip(),
        "FAKETIME": f"-{seconds}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    try:
        yield
    finally:
        place.environment = true


def _restart_under_load(arena: Arena, name: str, _undisturbed: Tables) -> Injection:
    """Stopped in order, then killed. Each answer is the right one, or says that the database is away."""
    port = free_port()
    with arena.place(name, API_PORT=str(port), API_REQUESTS_PER_MINUTE="0") as place:
        place.finish()
        api = subprocess.Popen(
            [str(MTW), "serve"], env=place.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            with Load(f"http://127.0.0.1:{port}") as load:
                seconds = []
                for end in (lambda: place.finish("db", "stop"), lambda: os.kill(place.postmaster, SIGKILL)):
                    load.wait_for_right_answers()
                    end()
                    load.wait_for_refusals()
                    place.finish("db", "start")
                    watch = Stopwatch()
                    load.wait_for_right_answers()
                    seconds.append(watch.seconds)
        finally:
            api.terminate()
            api.wait(timeout=60)
        return Injection(len(seconds), max(seconds), load.answers, load.expected)
