"""Inject the faults that are named, or all: `make chaos ARGS="--short"`. Exit code 1: a row was lost or doubled.

Each fault has a data folder and a server of its own, which go afterwards. The tests' helpers are needed:
PYTHONPATH=tests, as make sets it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chaos import files, killing, surroundings
from chaos.fault import Arena, Fault, Outcome, Stopwatch, outcome_of

# Most of the time of a killed step is its wait for the next attempt.
_AT_ONCE = 3
_MALFORMED, _MILLION, _SHORT_MILLION = 1000, 1_000_000, 20_000
_SHOWN = 4000
# Of a sample without bad records; all other tables must hold something, or comparing them would prove nothing.
_MAY_BE_EMPTY = {"raw.rejected_records"}
console = Console(width=120)


def main(arguments: Sequence[str] | None = None) -> int:
    """Inject, print what came of it, and return the exit code."""
    options = _options(arguments)
    if options.list:
        for fault in options.faults:
            console.print(fault.name)
        return 0
    watch = Stopwatch()
    with tempfile.TemporaryDirectory(prefix="mtw-chaos-") as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # the embedded server is another user's where root runs this
        arena = Arena(folder, Path(os.environ.get("MODELS_DIR", "models")).resolve())
        console.print("an undisturbed run, to compare with ...")
        with arena.place("undisturbed") as place:
            place.finish()
            undisturbed = place.tables()
        empty = {table for table, rows in undisturbed.items() if not rows} - _MAY_BE_EMPTY
        if empty:
            console.print(f"nothing to compare: the undisturbed run left {', '.join(sorted(empty))} empty")
            return 1
        outcomes = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            started = [pool.submit(outcome_of, fault, arena, undisturbed) for fault in options.faults]
            for done in as_completed(started):
                outcomes.append(done.result())
                console.print(f"  {len(outcomes)} of {len(started)}: {outcomes[-1].name}")
    print_outcomes(outcomes, [fault.name for fault in options.faults])
    console.print(f"{len(outcomes)} faults in {watch.seconds:.0f} s")
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="only faults whose names hold one of these")
    parser.add_argument("--short", action="store_true", help="those in which the most is at stake, on fewer records")
    parser.add_argument("--list", action="store_true", help="only name them")
    options = parser.parse_args(arguments)
    among = _SHORT_MILLION if options.short else _MILLION
    found: list[Fault] = [*killing.faults(), *files.faults(_MALFORMED, among), *surroundings.faults()]
    options.faults = [
        fault
        for fault in found
        if (fault.is_short or not options.short)
        and (not options.words or any(word in fault.name for word in options.words))
    ]
    if not options.faults:
        parser.error(f"no fault is called so; there are: {'; '.join(fault.name for fault in found)}")
    return options


def print_outcomes(outcomes: Sequence[Outcome], order: Sequence[str]) -> None:
    """Print a table in this order of names, and what went wrong below it."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for header in ("fault", "injected", "lost rows", "doubled rows", "recovered in", ""):
        right = header not in ("fault", "")
        table.add_column(header, justify="right" if right else "left", header_style="dim")
    for outcome in sorted(outcomes, key=lambda outcome: order.index(outcome.name)):
        mark = "[green]good[/]" if outcome.is_good else "[bold red]BAD[/]"
        table.add_row(
            escape(outcome.name),
            f"{outcome.injected:,}",
            f"{outcome.lost:,}",
            f"{outcome.doubled:,}",
            f"{outcome.seconds:.0f} s" if outcome.seconds else "",
            mark if outcome.is_possible else f"[yellow]not possible here: {escape(outcome.error)}[/]",
        )
    console.print(table)
    for outcome in outcomes:
        if not outcome.is_good:
            console.print(f"\n[bold red]{escape(outcome.name)}[/]")
            console.print(outcome.error[:_SHOWN] or "it was never injected", markup=False)


if __name__ == "__main__":
    sys.exit(main())
