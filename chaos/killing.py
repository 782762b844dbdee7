"""SIGKILL: of each step's process, of the run's process, and of PostgreSQL, each in the middle of each step."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from chaos.fault import LONGEST_RUN, Arena, Fault, Injection, Stopwatch
from killed_runs import Middle, Place, Tables, in_the_middle_of
from medical_telegram_warehouse import steps

# Each needs what the one before brings, so that it has not run yet when its turn comes; photos go beside messages.
_ONE_AFTER_THE_OTHER = (
    (steps.SCRAPE, steps.DETECT, steps.LOAD_DETECTIONS, steps.TRANSFORM_PHOTOS),
    (steps.LOAD, steps.EXTRACT, steps.TRANSFORM),
)


def faults() -> list[Fault]:
    """Three for each step, of which the short form takes those in which the most is at stake; and whole rows of kills.

    In such a row each run is killed that was to complete the one before, so it meets what a killed one left.
    """
    found = [
        Fault("run killed with its steps: " + ", then ".join(row), _killing_each(row), is_short=True)
        for row in _ONE_AFTER_THE_OTHER
    ]
    for step in steps.STEPS:
        found += [
            Fault(f"step killed: {step}", _killing(step, _kill_step), is_short=step == steps.EXTRACT),
            Fault(f"run killed: {step}", _killing(step, _kill_run)),
            Fault(f"PostgreSQL killed: {step}", _killing(step, _kill_server), is_short=step == steps.LOAD),
        ]
    return found


def _killing(step: str, kill: Callable[[Place, str, Middle], None]) -> Callable[[Arena, str, Tables], Injection]:
    def inject(arena: Arena, name: str, undisturbed: Tables) -> Injection:
        with arena.place(name) as place:
            with in_the_middle_of(place, step) as middle:
                kill(place, step, middle)
                watch = Stopwatch()
                middle.release()
                code = middle.process.wait(timeout=LONGEST_RUN)
            if code != 0:
                place.finish()
            return Injection(1, watch.seconds, place.tables(), undisturbed)

    return inject


def _kill_step(place: Place, step: str, _middle: Middle) -> None:
    os.kill(place.step_process(step), signal.SIGKILL)


def _kill_run(_place: Place, _step: str, middle: Middle) -> None:
    middle.process.kill()


def _kill_server(place: Place, _step: str, _middle: Middle) -> None:
    os.kill(place.postmaster, signal.SIGKILL)


def _killing_each(row: tuple[str, ...]) -> Callable[[Arena, str, Tables], Injection]:
    def inject(arena: Arena, name: str, undisturbed: Tables) -> Injection:
        with arena.place(name) as place:
            for step in row:
                with in_the_middle_of(place, step) as middle:
                    os.killpg(middle.process.pid, signal.SIGKILL)
                    middle.process.wait()
                if f"{step}: " in place.said():
                    raise AssertionError(f"{step} had ended already")
            watch = Stopwatch()
            place.finish()
            return Injection(len(row), watch.seconds, place.tables(), undisturbed)

    return inject
