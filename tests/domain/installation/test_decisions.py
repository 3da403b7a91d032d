from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.errors import Code
from domain.events import Event
from domain.installation.decisions import change, check, claim, earliest, fail_check, leave, note_late, remove, sweep
from domain.installation.events import (
    InstallationCheckFailed,
    InstallationDriftFound,
    InstallationEvent,
    InstallationSwept,
    InstallationVerified,
    Receipt,
)
from domain.installation.state import Installation
from tests.domain.facts import DIGEST, FIRST, NOON, RECEIPT, after
from tests.domain.installation.facts import (
    FIRST_RUN,
    LATE,
    PAIR,
    SECOND_RUN,
    THIRD_RUN,
    awaited,
    changed,
    late,
    pair_of,
    released,
    removed,
    reserved,
    withdrawn,
)
from tests.kit.specification import given


def claim_by(state: Installation | None, *, run: UUID, version: int) -> tuple[InstallationEvent, ...]:
    return claim(state, run_id=run, version=version, **PAIR)


def change_by(state: Installation, *, run: UUID, version: int = 1, **more: Any) -> tuple[InstallationEvent, ...]:
    return change(state, pair=pair_of(run), version=version, digest=DIGEST, receipt=RECEIPT, **more)


def remove_by(state: Installation, *, run: UUID, **more: Any) -> tuple[InstallationEvent, ...]:
    return remove(state, pair=pair_of(run), **more)


def leave_by(state: Installation, *, run: UUID, **more: Any) -> tuple[InstallationEvent, ...]:
    return leave(state, pair=pair_of(run), **more)


FREE_AGAIN: list[list[Event]] = [
    [],
    [reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1)],
    [reserved(FIRST_RUN, 1), released(FIRST_RUN)],
    [reserved(FIRST_RUN, 1, removes=True), removed(FIRST_RUN)],
]
LEAVES: list[tuple[Any, Event]] = [
    (change_by, changed(FIRST_RUN, 1)),
    (remove_by, removed(FIRST_RUN)),
    (leave_by, released(FIRST_RUN)),
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
    given([*line, left, reserved(SECOND_RUN, 2)]).when(leave_by, run=SECOND_RUN).then(
        [released(SECOND_RUN), reserved(THIRD_RUN, 3)]
    )


@pytest.mark.parametrize(("leave", "left"), LEAVES, ids=["changed", "removed", "released"])
def test_with_nobody_in_line_the_slot_is_free(leave: Any, left: Event) -> None:
    given([reserved(FIRST_RUN, 1)]).when(leave, run=FIRST_RUN).then([left])


IN_LINE: list[Event] = [reserved(FIRST_RUN, 1), awaited(SECOND_RUN, 2)]
STRANGERS: dict[str, list[Event]] = {
    "a stranger": [reserved(FIRST_RUN, 1)],
    "had its turn": [reserved(SECOND_RUN, 2), changed(SECOND_RUN, 2)],
    "had its turn before another": [reserved(SECOND_RUN, 2), released(SECOND_RUN), reserved(FIRST_RUN, 1)],
}


@pytest.mark.parametrize("leave", [change_by, remove_by, leave_by])
@pytest.mark.parametrize("history", STRANGERS.values(), ids=STRANGERS.keys())
def test_who_does_not_hold_the_slot_changes_nothing(leave: Any, history: list[Event]) -> None:
    given(history).when(leave, run=SECOND_RUN).then_nothing()


@pytest.mark.parametrize("change_it", [change_by, remove_by])
def test_who_is_in_line_has_changed_nothing(change_it: Any) -> None:
    given(IN_LINE).when(change_it, run=SECOND_RUN).then_nothing()


@pytest.mark.parametrize(
    ("keep", "kept"),
    [(change_by, changed(FIRST_RUN, 1, kept=True)), (remove_by, removed(FIRST_RUN, kept=True))],
    ids=["changed", "removed"],
)
def test_who_keeps_the_slot_lets_nobody_in(keep: Any, kept: Event) -> None:
    line = [reserved(FIRST_RUN, 1), awaited(SECOND_RUN, 2)]
    given(line).when(keep, run=FIRST_RUN, kept=True).then([kept])
    given([*line, kept]).when(leave_by, run=FIRST_RUN).then([released(FIRST_RUN), reserved(SECOND_RUN, 2)])
    given([*line, kept]).when(keep, run=FIRST_RUN).then([replace(kept, kept=False), reserved(SECOND_RUN, 2)])


@pytest.mark.parametrize("run", [SECOND_RUN, THIRD_RUN])
def test_who_gives_up_its_place_in_the_line_leaves_the_others_where_they_are(run: UUID) -> None:
    line = [reserved(FIRST_RUN, 1), awaited(SECOND_RUN, 2), awaited(THIRD_RUN, 3)]
    given(line).when(leave_by, run=run, doubtful_since=NOON).then([withdrawn(run)])
    given([*line, withdrawn(run)]).when(leave_by, run=run).then_nothing()


def test_what_the_holder_leaves_in_doubt_is_said_and_which_version_it_is() -> None:
    held = [reserved(FIRST_RUN, 1)]
    given(held).when(leave_by, run=FIRST_RUN, doubtful_since=NOON, doubtful_version=1).then(
        [released(FIRST_RUN, NOON, 1)]
    )
    given(held).when(leave_by, run=FIRST_RUN, doubtful_version=1).then([released(FIRST_RUN)])


def test_a_change_and_a_removal_keep_the_doubt_from_before_and_its_beginning() -> None:
    doubtful = [reserved(FIRST_RUN, 1), released(FIRST_RUN, after(1)), reserved(SECOND_RUN, 2)]
    for said, kept in ((None, after(1)), (after(2), after(1)), (NOON, NOON)):
        given(doubtful).when(change_by, run=SECOND_RUN, version=2, doubtful_since=said).then(
            [changed(SECOND_RUN, 2, doubtful_since=kept)]
        )
    given(doubtful).when(remove_by, run=SECOND_RUN).then([removed(SECOND_RUN, doubtful_since=after(1))])
    given([reserved(FIRST_RUN, 1)]).when(change_by, run=FIRST_RUN, doubtful_since=NOON).then(
        [changed(FIRST_RUN, 1, doubtful_since=NOON)]
    )


def test_a_change_says_how_to_use_it() -> None:
    given([reserved(FIRST_RUN, 1)]).when(change_by, run=FIRST_RUN, usage="skill_1").then(
        [changed(FIRST_RUN, 1, usage="skill_1")]
    )


def note(state: Installation | None, *, receipt: Receipt = LATE) -> tuple[InstallationEvent, ...]:
    return note_late(
        state or Installation(), pair=pair_of(FIRST_RUN), attempt_id=FIRST, version=1, receipt=receipt, since=NOON
    )


@pytest.mark.parametrize(
    "history",
    [
        [],
        [reserved(FIRST_RUN, 1)],
        [reserved(FIRST_RUN, 1), released(FIRST_RUN)],
        [reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1)],
        [reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1), reserved(SECOND_RUN, 1), removed(SECOND_RUN)],
    ],
    ids=["nothing", "at work", "given up", "something else live", "removed"],
)
def test_what_came_too_late_is_noted(history: list[Event]) -> None:
    given(history).when(note).then([late(FIRST_RUN, 1)])


def test_what_came_too_late_and_is_what_stands_there_or_did_is_fine() -> None:
    live = [reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1)]
    given(live).when(note, receipt=RECEIPT).then_nothing()
    upgraded = [*live, reserved(SECOND_RUN, 2), changed(SECOND_RUN, 2, digest="two", receipt=LATE)]
    given(upgraded).when(note, receipt=RECEIPT).then_nothing()
    given(upgraded).when(note, receipt=LATE).then_nothing()


DOUBTFUL: list[Event] = [reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1, doubtful_since=NOON)]


@pytest.mark.parametrize(
    ("discarded", "settled"), [((LATE,), False), ((), True), ((LATE,), True)], ids=["found", "nothing more", "both"]
)
def test_what_was_swept_is_said(discarded: tuple[Receipt, ...], *, settled: bool) -> None:
    given(DOUBTFUL).when(sweep, run_id=FIRST_RUN, discarded=discarded, settled=settled).then(
        [InstallationSwept(run_id=FIRST_RUN, discarded=discarded, settled=settled)]
    )


def test_a_sweep_that_found_nothing_yet_is_quiet() -> None:
    given(DOUBTFUL).when(sweep, run_id=FIRST_RUN, discarded=(), settled=False).then_nothing()


def test_where_nothing_is_in_doubt_nothing_is_swept() -> None:
    settled = [*DOUBTFUL, InstallationSwept(run_id=FIRST_RUN, settled=True)]
    for history in ([reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1)], settled):
        given(history).when(sweep, run_id=FIRST_RUN, discarded=(LATE,), settled=True).then_nothing()


def test_the_earliest_of_moments_that_may_be_missing() -> None:
    assert earliest(None, after(2), NOON, None) == NOON
    assert earliest(None, None) is None
    assert earliest() is None


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
