"""The fault suite finds what it is there to find. What it injects is tried by `make chaos`, which .ci/run calls."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos.__main__ import main, print_outcomes
from chaos.fault import Arena, Fault, ImpossibleHereError, Injection, Outcome, outcome_of

from killed_runs import Tables
from medical_telegram_warehouse import steps

ARENA = Arena(Path("nowhere"), Path("models"))
ROWS: Tables = {"messages": ["one", "two", "two"], "offers": ["first"]}


def outcome(found: Tables, injected: int = 1) -> Outcome:
    def inject(_arena: Arena, _name: str, undisturbed: Tables) -> Injection:
        return Injection(injected, 1.5, found, undisturbed)

    return outcome_of(Fault("power cut", inject), ARENA, ROWS)


def failing(error: Exception) -> Outcome:
    def inject(_arena: Arena, _name: str, _undisturbed: Tables) -> Injection:
        raise error

    return outcome_of(Fault("power cut", inject), ARENA, ROWS)


def test_the_same_rows_in_any_order_are_good() -> None:
    found = outcome({"messages": ["two", "one", "two"], "offers": ["first"]})
    assert (found.lost, found.doubled, found.is_good) == (0, 0, True)


@pytest.mark.parametrize(
    ("found", "lost", "doubled", "said"),
    [
        ({"messages": ["one", "two"], "offers": ["first"]}, 1, 0, "lost from messages: two"),
        ({"messages": ["one", "two", "two"], "offers": ["first", "first"]}, 0, 1, "doubled in offers: first"),
        ({"messages": ["one", "two", "two"]}, 1, 0, "lost from offers: first"),
        ({**ROWS, "answers": ["500"]}, 0, 1, "doubled in answers: 500"),
        ({"messages": ["one", "two", "changed"], "offers": ["first"]}, 1, 1, "doubled in messages: changed"),
    ],
)
def test_rows_that_are_lost_doubled_or_changed_are_bad_and_named(
    found: Tables, lost: int, doubled: int, said: str
) -> None:
    result = outcome(found)
    assert (result.lost, result.doubled, result.is_good) == (lost, doubled, False)
    assert said in result.error


def test_a_fault_that_was_never_injected_is_not_good() -> None:
    assert not outcome(ROWS, injected=0).is_good


def test_a_run_that_never_recovers_is_bad_and_one_that_this_machine_does_not_allow_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad, impossible = failing(AssertionError("it never ended")), failing(ImpossibleHereError("no disk to fill"))
    assert not bad.is_good
    assert impossible.is_good
    print_outcomes([impossible, bad], ["power cut"])
    said = capsys.readouterr().out
    assert "BAD" in said
    assert "AssertionError: it never ended" in said
    assert "not possible here: no disk to fill" in said


def test_each_step_is_killed_in_each_way_and_the_short_form_kills_each_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--list"]) == 0
    names = capsys.readouterr().out.splitlines()
    for step in steps.STEPS:
        assert {f"step killed: {step}", f"run killed: {step}", f"PostgreSQL killed: {step}"} <= set(names)
    assert main(["--list", "--short"]) == 0
    short = " ".join(capsys.readouterr().out.split())
    for step in steps.STEPS:
        assert step in short
    for word in ("torn", "full disk", "photos", "malformed", "two runs", "network", "API", "PostgreSQL killed"):
        assert word in short


def test_a_word_that_names_no_fault_is_told_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["earthquake"])
    assert "full disk" in capsys.readouterr().err
