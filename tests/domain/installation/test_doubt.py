"""What may have been put somewhere without anybody knowing: after a restore of the store, and what is looked for by itself."""

from datetime import datetime

import pytest

from domain.events import Event
from domain.installation.decisions import doubt, is_to_be_swept
from domain.installation.events import InstallationEvent, InstallationSwept
from domain.installation.state import Installation
from tests.domain.facts import NOON, after
from tests.domain.installation.facts import (
    FIRST_RUN,
    SECOND_RUN,
    awaited,
    changed,
    doubted,
    late,
    released,
    removed,
    reserved,
    withdrawn,
)
from tests.kit.specification import folded, given

HELD: list[Event] = [reserved(FIRST_RUN, 2)]


def look(state: Installation, *, since: datetime | None = NOON, restores: int = 1) -> tuple[InstallationEvent, ...]:
    return doubt(state, run_id=FIRST_RUN, version=2, since=since, restores=restores)


def test_after_a_restore_the_version_that_is_brought_is_in_doubt() -> None:
    given(HELD).when(look).then([doubted(FIRST_RUN, 2)])
    given([*HELD, doubted(FIRST_RUN, 2)]).when(look, restores=2).then([doubted(FIRST_RUN, 2, restores=2)])


def test_of_a_store_that_was_never_restored_nothing_is_in_doubt() -> None:
    given(HELD).when(look, since=None).then_nothing()
    given(HELD).when(look, restores=0).then_nothing()


@pytest.mark.parametrize(
    "then",
    [[], [changed(FIRST_RUN, 2)], [removed(FIRST_RUN)], [released(FIRST_RUN)]],
    ids=["at work", "changed", "removed", "released"],
)
def test_a_restore_is_noted_once(then: list[Event]) -> None:
    given([*HELD, doubted(FIRST_RUN, 2, restores=3), *then]).when(look, restores=3).then_nothing()


def test_the_doubt_of_a_restore_is_one_like_any_other() -> None:
    state: Installation = folded([*HELD, doubted(FIRST_RUN, 2, since=after(1), restores=3)])
    assert (state.doubtful_since, state.doubtful_versions, state.doubtful_run) == (
        after(1),
        frozenset({2}),
        FIRST_RUN,
    )
    assert (state.holder and state.holder.run_id, state.restores_seen) == (FIRST_RUN, 3)


LIVE: list[Event] = [reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1)]


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], False),
        (LIVE, False),
        ([reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1, doubtful_since=NOON)], True),
        ([*LIVE, reserved(SECOND_RUN, 2), released(SECOND_RUN, NOON)], True),
        ([*LIVE, late(FIRST_RUN, 1)], True),
        ([reserved(FIRST_RUN, 1), released(FIRST_RUN, NOON)], False),
        ([reserved(FIRST_RUN, 1), awaited(SECOND_RUN, 2), withdrawn(SECOND_RUN), late(SECOND_RUN, 2)], False),
        ([reserved(FIRST_RUN, 1), removed(FIRST_RUN, doubtful_since=NOON)], True),
        ([*LIVE, late(FIRST_RUN, 1), InstallationSwept(run_id=FIRST_RUN, settled=True)], False),
    ],
    ids=[
        "nothing happened",
        "no doubt",
        "beside what is live",
        "a failure beside what is live",
        "late beside what is live",
        "a failure where nothing is live",
        "late where nothing is live",
        "after a removal",
        "settled",
    ],
)
def test_what_is_one_too_many_is_swept_and_what_the_next_run_adopts_is_not(
    history: list[Event], *, expected: bool
) -> None:
    assert is_to_be_swept(folded(history) or Installation()) is expected
