"""The tables and the diagram of docs/06-job-lifecycle.md, against what the domain decides in every state they name."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, get_args

import pytest

from commands.concluding import SWEEPS_AFTER_SECONDS
from domain.errors import RunUnfit
from domain.install_run import decisions
from domain.install_run.ending import NO_UNDOES, REASONS
from domain.install_run.events import (
    RunEvent,
    RunStarted,
)
from domain.install_run.policy import RETRY_AFTER_SECONDS_MAX, Policy
from domain.install_run.state import InstallRun, TargetStatus, evolve
from tests.architecture.lifecycle import (
    BACK,
    GEMINI_FAILS,
    HAPPENINGS,
    RUN_HAPPENINGS,
    RUNS,
    TARGETS,
    TEXT,
    cell,
    folded,
    histories_for,
    history,
    last_endings,
    name_of,
    run_histories,
    state_of,
    target_histories,
)
from tests.domain.facts import (
    CLAUDE,
    GEMINI,
    NOON,
    OPENAI,
    refused,
)

CELLS: Final = [(happening, state) for happening, row in TARGETS.items() for state in row]


def test_the_table_of_targets_has_every_state_and_everything_that_happens() -> None:
    assert list(TARGETS) == list(HAPPENINGS)
    assert all(list(row) == list(target_histories()) for row in TARGETS.values())
    assert {state: name_of(folded(events)) for state, events in target_histories().items()} == {
        state: state for state in target_histories()
    }


@pytest.mark.parametrize(("happening", "state"), CELLS)
def test_a_target_becomes_what_the_table_says(happening: str, state: str) -> None:
    before = folded(histories_for(happening)[state])
    assert TARGETS[happening][state] == cell(before, HAPPENINGS[happening], name_of)


def steps() -> Iterator[tuple[TargetStatus, RunEvent, TargetStatus]]:
    """What each single event did to the status of OpenAI, wherever the table leads, and before the table begins."""
    cases = [(histories_for(happening)[state], HAPPENINGS[happening]) for happening, state in CELLS]
    all_or_nothing = target_histories(GEMINI, mode="all_or_nothing")["success"]
    cases.append((all_or_nothing, lambda run: decisions.settle(run, GEMINI_FAILS, now=NOON, undoes=NO_UNDOES)))
    cases.append((history(policy=Policy()), lambda _: (refused(OPENAI),)))
    for events, decide in cases:
        run = folded(events)
        with suppress(RunUnfit):
            for event in decide(run):
                before, run = run, evolve(run, event)
                was, became = status_in(before), status_in(run)
                if was is not became:
                    yield was, event, became


def status_in(run: InstallRun) -> TargetStatus:
    target = run.target(OPENAI.id)
    assert target is not None
    return target.status


def test_the_diagram_has_every_step_and_no_other() -> None:
    drawn = {
        (before, label, became)
        for before, became, labels in re.findall(r"^    (\w+) --> (\w+): (.+)$", TEXT, re.MULTILINE)
        for label in labels.split(", ")
    }
    assert drawn == {(before.value, type(event).__name__, became.value) for before, event, became in steps()}


def test_the_table_of_runs_has_every_state_and_everything_that_happens() -> None:
    assert set(RUNS) == {*RUN_HAPPENINGS, *last_endings()}
    assert all(list(row) == list(run_histories()) for row in RUNS.values())
    assert [state_of(folded(events)) for events in run_histories().values()] == list(run_histories())


@pytest.mark.parametrize("state", run_histories())
@pytest.mark.parametrize("happening", RUNS)
def test_a_run_becomes_what_the_table_says(happening: str, state: str) -> None:
    if happening in RUN_HAPPENINGS:
        events, decide = run_histories()[state], RUN_HAPPENINGS[happening]
        if happening.startswith("a rollback") and state in ("success", "partial_failed"):
            events = (*events, BACK)
        if happening == "an attempt begins" and state == "running":
            events = (*history(CLAUDE, policy=Policy()), RunStarted())
    elif state in last_endings()[happening]:
        events, decide = last_endings()[happening][state]
    else:
        assert RUNS[happening][state] == "-"
        return
    assert RUNS[happening][state] == cell(folded(events), decide, state_of)


@pytest.mark.parametrize("state", ["success", "failed", "partial_failed"])
def test_nothing_that_happens_to_a_target_happens_to_a_run_that_has_ended(state: str) -> None:
    run = folded(run_histories()[state])
    for happening, decide in HAPPENINGS.items():
        assert cell(run, decide, name_of) in ("-", "409"), happening


def test_every_event_of_a_run_is_named() -> None:
    assert {event.__name__ for event in get_args(RunEvent)} - set(re.findall(r"\w+", TEXT)) == set()


def test_every_reason_is_explained() -> None:
    rows = re.findall(r"^- `([^`]+)`: ", TEXT, re.MULTILINE)
    assert rows == [code.value for code in REASONS]


def test_the_numbers_in_the_words_are_those_of_the_code() -> None:
    *sweeps, last = map(str, SWEEPS_AFTER_SECONDS)
    assert f"swept again at {', '.join(sweeps)} and {last} seconds" in TEXT
    assert f"`Retry-After` ({RETRY_AFTER_SECONDS_MAX} seconds at most)" in TEXT
