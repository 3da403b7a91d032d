from typing import Any
from uuid import UUID

import pytest

from domain.errors import Code
from domain.events import Event
from domain.installation.decisions import change, check, claim, fail_check, release, remove
from domain.installation.events import (
    InstallationCheckFailed,
    InstallationDriftFound,
    InstallationEvent,
    InstallationReleased,
    InstallationVerified,
)
from domain.installation.state import Installation
from tests.domain.facts import DIGEST, NOON, RECEIPT
from tests.domain.installation.facts import (
    FIRST_RUN,
    PAIR,
    SECOND_RUN,
    THIRD_RUN,
    awaited,
    changed,
    removed,
    reserved,
)
from tests.kit.specification import given


def claim_by(state: Installation | None, *, run: UUID, version: int) -> tuple[InstallationEvent, ...]:
    return claim(state, run_id=run, version=version, **PAIR)


def change_by(state: Installation, *, run: UUID) -> tuple[InstallationEvent, ...]:
    return change(state, run_id=run, digest=DIGEST, receipt=RECEIPT, **PAIR)


def remove_by(state: Installation, *, run: UUID) -> tuple[InstallationEvent, ...]:
    return remove(state, run_id=run, **PAIR)


def release_by(state: Installation, *, run: UUID, doubtful: bool = False) -> tuple[InstallationEvent, ...]:
    return release(state, run_id=run, doubtful_since=NOON if doubtful else None, **PAIR)


FREE_AGAIN: list[list[Event]] = [
    [],
    [reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1)],
    [reserved(FIRST_RUN, 1), InstallationReleased(run_id=FIRST_RUN)],
    [reserved(FIRST_RUN, 1, removes=True), removed(FIRST_RUN)],
]
LEAVES: list[tuple[Any, Event]] = [
    (change_by, changed(FIRST_RUN, 1)),
    (remove_by, removed(FIRST_RUN)),
    (release_by, InstallationReleased(run_id=FIRST_RUN)),
]


@pytest.mark.parametrize("history", FREE_AGAIN, ids=["new", "changed", "released", "removed"])
def test_a_free_slot_is_taken(history: list[Event]) -> None:
    given(history).when(claim_by, run=SECOND_RUN, version=2).then([reserved(SECOND_RUN, 2)])


def test_a_held_slot_is_waited_for() -> None:
    given([reserved(FIRST_RUN, 1)]).when(claim_by, run=SECOND_RUN, version=2).then([awaited(SECOND_RUN, 2)])


@pytest.mark.parametrize(("leave", "left"), LEAVES, ids=["changed", "removed", "released"])
def test_the_holder_hands_the_slot_to_the_first_in_line(leave: Any, left: Event) -> None:
    line = [reserved(FIRST_RUN, 1), awaited(SECOND_RUN, 2), awaited(THIRD_RUN, 3)]
    given(line).when(leave, run=FIRST_RUN).then([left, reserved(SECOND_RUN, 2)])
    given([*line, left, reserved(SECOND_RUN, 2)]).when(release_by, run=SECOND_RUN).then(
        [InstallationReleased(run_id=SECOND_RUN), reserved(THIRD_RUN, 3)]
    )


@pytest.mark.parametrize(("leave", "left"), LEAVES, ids=["changed", "removed", "released"])
def test_with_nobody_in_line_the_slot_is_free(leave: Any, left: Event) -> None:
    given([reserved(FIRST_RUN, 1)]).when(leave, run=FIRST_RUN).then([left])


@pytest.mark.parametrize("leave", [change_by, remove_by, release_by])
@pytest.mark.parametrize(
    "history",
    [
        [reserved(FIRST_RUN, 1)],
        [reserved(FIRST_RUN, 1), awaited(SECOND_RUN, 2)],
        [reserved(SECOND_RUN, 2), changed(SECOND_RUN, 2)],
        [reserved(SECOND_RUN, 2), InstallationReleased(run_id=SECOND_RUN), reserved(FIRST_RUN, 1)],
    ],
    ids=["a stranger", "in line", "had its turn", "had its turn before another"],
)
def test_who_does_not_hold_the_slot_changes_nothing(leave: Any, history: list[Event]) -> None:
    given(history).when(leave, run=SECOND_RUN).then_nothing()


def test_what_the_holder_leaves_in_doubt_is_said() -> None:
    given([reserved(FIRST_RUN, 1)]).when(release_by, run=FIRST_RUN, doubtful=True).then(
        [InstallationReleased(run_id=FIRST_RUN, doubtful_since=NOON)]
    )


def test_the_version_that_was_reserved_is_the_one_that_is_live() -> None:
    """Not that of a run in line, nor the one that was live before."""
    history = [reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1), reserved(SECOND_RUN, 7), awaited(THIRD_RUN, 9)]
    given(history).when(change_by, run=SECOND_RUN).then([changed(SECOND_RUN, 7), reserved(THIRD_RUN, 9)])


def test_who_is_there_to_remove_says_so_also_in_line() -> None:
    given([reserved(FIRST_RUN, 1)]).when(claim, run_id=SECOND_RUN, version=1, removes=True, **PAIR).then(
        [awaited(SECOND_RUN, 1, removes=True)]
    )
    line = [reserved(FIRST_RUN, 1), awaited(SECOND_RUN, 1, removes=True)]
    given(line).when(change_by, run=FIRST_RUN).then([changed(FIRST_RUN, 1), reserved(SECOND_RUN, 1, removes=True)])


LIVE: list[Event] = [reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1)]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("in_use", InstallationVerified(run_id=FIRST_RUN)),
        ("missing", InstallationDriftFound(run_id=FIRST_RUN, drift="missing")),
        ("changed", InstallationDriftFound(run_id=FIRST_RUN, drift="changed")),
    ],
)
def test_what_the_provider_says_is_recorded(answer: str, found: Event) -> None:
    given(LIVE).when(check, run_id=FIRST_RUN, answer=answer).then([found])


def test_that_the_provider_did_not_say_is_recorded() -> None:
    given(LIVE).when(fail_check, run_id=FIRST_RUN, code=Code.PROVIDER_TIMEOUT, message="No answer.").then(
        [InstallationCheckFailed(run_id=FIRST_RUN, code=Code.PROVIDER_TIMEOUT, message="No answer.")]
    )


@pytest.mark.parametrize(
    "history",
    [
        [reserved(FIRST_RUN, 1)],
        [*LIVE, reserved(SECOND_RUN, 2)],
        [*LIVE, reserved(SECOND_RUN, 2), changed(SECOND_RUN, 2)],
        [*LIVE, reserved(SECOND_RUN, 1, removes=True), removed(SECOND_RUN)],
    ],
    ids=["nothing live yet", "somebody at work", "something else live", "removed"],
)
def test_an_answer_that_came_too_late_says_nothing(history: list[Event]) -> None:
    given(history).when(check, run_id=FIRST_RUN, answer="missing").then_nothing()
    given(history).when(fail_check, run_id=FIRST_RUN, code=Code.PROVIDER_TIMEOUT, message="").then_nothing()
