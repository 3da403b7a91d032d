"""A diff says exactly what is another thing at its end than at its beginning, and blames the event that did it."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, settings
from hypothesis import given as for_any
from hypothesis import strategies as st

from domain.errors import BadRequest, RunNotFound
from queries.moments import Asked
from queries.run_diff import GetRunDiff, RunChange, RunDiff, changes_between, get_run_diff
from queries.run_folding import RunFolding, leaves_of
from queries.run_streams import RunStreams, load_run
from tests.kit.remembering import remembered
from tests.projections.any_story import Teller, tellers
from tests.projections.stories import Story

pytestmark = pytest.mark.anyio

TOMORROW = datetime(2030, 1, 1, tzinfo=UTC)

Leaves = dict[tuple[str, str], Any]


async def diff_of(story: Story, run_id: UUID, since: Asked | None = None, until: Asked | None = None) -> RunDiff:
    store = await remembered(story.events)
    return await get_run_diff(store, store, GetRunDiff(run_id=run_id, since=since, until=until, now=TOMORROW))


async def streams_of(story: Story, run_id: UUID) -> RunStreams:
    return await load_run(await remembered(story.events), run_id)


def leaves_at(streams: RunStreams, position: int) -> Leaves:
    folding = RunFolding(streams)
    things: dict[str, None] = {}
    for event in streams.all_events:
        if event.position <= position:
            things |= dict.fromkeys(folding.take(event))
    return {(of, path): value for of in things for path, value in leaves_of(folding.shown(of))}


def changed(changes: tuple[RunChange, ...]) -> dict[tuple[str, str], tuple[Any, Any, str]]:
    return {(change.of, change.path): (change.before, change.after, change.event.event) for change in changes}


@for_any(tellers(), st.integers(0, 10_000), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_it_is_the_difference_of_two_states_and_blames_who_made_it(teller: Teller, one: int, other: int) -> None:
    assume(teller.runs)
    story, run = teller.story, teller.runs[one % len(teller.runs)]
    since, until = sorted(number % (len(story.events) + 1) for number in (one, other))
    streams = asyncio.run(streams_of(story, run.id))
    changes, broken = changes_between(streams, since=since, until=until)
    before, after = leaves_at(streams, since), leaves_at(streams, until)
    assert broken == ()
    assert {(change.of, change.path): (change.before, change.after) for change in changes} == {
        place: (before.get(place), after.get(place))
        for place in before | after
        if before.get(place) != after.get(place)
    }
    for change in changes:
        place, position = (change.of, change.path), change.event.position
        assert since < position <= until
        assert leaves_at(streams, position).get(place) == change.after
        assert leaves_at(streams, position - 1).get(place) != change.after
        assert leaves_at(streams, until).get(place) == change.after
        assert change.times >= 1
    assert [change.event.position for change in changes] == sorted(change.event.position for change in changes)


async def test_each_field_has_its_event_and_how_often_it_changed() -> None:
    story = Story()
    run = story.run(1, "openai").start("openai").fail("openai", retryable=True).start("openai").succeed("openai")
    diff = await diff_of(story, run.id, 2)
    found = changed(diff.changes)
    assert found["run", "/status"] == ("queued", "success", "RunSucceeded")
    assert found["run", "/targets/0/status"] == ("queued", "success", "ProviderSucceeded")
    assert found["run", "/targets/0/attempts"] == (0, 2, "ProviderStarted")
    assert found["run", "/targets/0/receipt/remoteId"] == (None, "skill_openai", "ProviderSucceeded")
    assert found["installation:kbo-results@openai", "/live"] == (False, True, "InstallationChanged")
    assert found["installation:kbo-results@openai", "/activeRunId"] == (str(run.id), None, "InstallationChanged")
    times = {(change.of, change.path): change.times for change in diff.changes}
    assert (times["run", "/status"], times["run", "/targets/0/attempts"]) == (2, 2)
    assert ("run", "/targets/0/code") not in found, "what is again as it was has not changed"


async def test_another_run_that_changes_the_pair_is_blamed_for_it() -> None:
    story = Story()
    run = story.run(1, "openai").start("openai").succeed("openai")
    ended = len(story.events)
    story.run(2, "openai", version=2).start("openai").succeed("openai")
    diff = await diff_of(story, run.id, ended)
    found = changed(diff.changes)
    assert found["installation:kbo-results@openai", "/version"] == (1, 2, "InstallationChanged")
    assert {of for of, _ in found} == {"installation:kbo-results@openai"}
    assert [event.event for event in diff.events] == ["InstallationReserved", "InstallationChanged"]


async def test_without_moments_it_is_from_the_first_event_until_now() -> None:
    story = Story()
    story.publish()
    run = story.run(1, "openai").start("openai")
    diff = await diff_of(story, run.id)
    assert (diff.from_.position, diff.to.position) == (3, len(story.events))
    assert (diff.from_.at, diff.to.at) == (story.events[2].at, story.events[-1].at)
    assert [event.position for event in diff.events] == [4, 5, 6]


async def test_from_before_everything_all_of_it_is_new() -> None:
    story = Story()
    run = story.run(1, "openai")
    diff = await diff_of(story, run.id, 0)
    assert (diff.from_.position, diff.from_.at) == (0, None)
    assert changed(diff.changes)["run", "/kind"] == (None, "install", "RunQueued")


async def test_between_a_moment_and_itself_nothing_changes() -> None:
    story = Story()
    run = story.run(1, "openai").start("openai")
    diff = await diff_of(story, run.id, 3, 3)
    assert (diff.changes, diff.events) == ((), ())


async def test_moments_in_the_wrong_order_are_refused() -> None:
    story = Story()
    run = story.run(1, "openai").start("openai")
    with pytest.raises(BadRequest) as refused:
        await diff_of(story, run.id, 3, 2)
    assert [problem.pointer for problem in refused.value.problems] == ["?to"]


async def test_before_the_run_there_is_nothing_that_could_change() -> None:
    story = Story()
    story.publish()
    run = story.run(1, "openai")
    with pytest.raises(RunNotFound) as missing:
        await diff_of(story, run.id, 1, 2)
    assert [problem.pointer for problem in missing.value.problems] == ["?to"]


@pytest.mark.parametrize(("since", "until", "pointer"), [(99, None, "?from"), (1, 99, "?to")])
async def test_a_moment_that_has_not_come_is_refused_by_its_name(since: int, until: int | None, pointer: str) -> None:
    story = Story()
    run = story.run(1, "openai")
    with pytest.raises(BadRequest) as refused:
        await diff_of(story, run.id, since, until)
    assert [problem.pointer for problem in refused.value.problems] == [pointer]


def test_leaves_have_json_pointers() -> None:
    value = {"a/b": {"~": 1}, "list": [{"x": None}, [True]], "empty": {}, "none": []}
    assert dict(leaves_of(value)) == {"/a~1b/~0": 1, "/list/1/0": True}
