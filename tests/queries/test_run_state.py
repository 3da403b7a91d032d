"""A run at any moment of the past is what the read models showed at that moment, whatever became of it since."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import assume, settings
from hypothesis import given as for_any
from hypothesis import strategies as st
from msgspec import Raw

from domain.errors import BadRequest, HistoryTooNew, RunNotFound
from domain.events import UnknownEvent
from domain.install_run.state import INSTALL_RUN, RunStatus
from domain.installation.state import installation_stream
from projections.install_runs import INSTALL_RUNS, InstallRun
from projections.installations import INSTALLATIONS
from queries.moments import Asked
from queries.run_state import GetRunState, RunState, get_run_state
from tests.kit.facts import NOON
from tests.kit.projection_spec import given
from tests.kit.remembering import remembered
from tests.projections.any_story import Teller, tellers
from tests.projections.stories import OPENAI, SKILL, Story

pytestmark = pytest.mark.anyio

TOMORROW = datetime(2030, 1, 1, tzinfo=UTC)


async def state_of(story: Story, run_id: UUID, *, at: Asked | None = None, now: datetime = TOMORROW) -> RunState:
    store = await remembered(story.events)
    return await get_run_state(store, store, GetRunState(run_id=run_id, at=at, now=now))


def one_run() -> tuple[Story, UUID]:
    """Its events are at 4 to 10: asked for and its slot, two of the start, success with its installation, the end."""
    story = Story()
    story.connect()
    story.publish()
    return story, story.run(1, "openai").start("openai").succeed("openai").id


@for_any(tellers(), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_it_is_what_the_read_models_showed_then(teller: Teller, pick: int) -> None:
    """Neither what came later nor what other runs did may shine through."""
    assume(teller.runs)
    story, run = teller.story, teller.runs[pick % len(teller.runs)]
    first = next(event.position for event in story.events if event.stream == run.id)
    position = first + pick % (len(story.events) - first + 1)
    then = asyncio.run(state_of(story, run.id, at=position))
    shown = given(story.events[:position])
    (row,) = (row for row in shown.rows(INSTALL_RUNS) if row.id == run.id)
    assert then.run == InstallRun(**{name: getattr(row, name) for name in InstallRun.__struct_fields__})
    rows = {row.id: row for row in shown.rows(INSTALLATIONS)}
    assert {one.id for one in then.installations} == rows.keys() & {
        installation_stream(row.skill.id, target.provider.id) for target in row.targets
    }
    for one in then.installations:
        assert {name: getattr(one, name) for name in rows[one.id].__struct_fields__} == {
            name: getattr(rows[one.id], name) for name in rows[one.id].__struct_fields__
        }
    assert then.broken == ()


async def test_without_a_moment_it_is_now() -> None:
    story, run_id = one_run()
    now = await state_of(story, run_id)
    assert (now.position, now.at, now.events) == (10, story.events[-1].at, 7)
    assert now.run is not None
    assert now.run.status is RunStatus.SUCCESS


async def test_what_another_run_did_to_the_pair_is_no_event_of_this_one() -> None:
    story, run_id = one_run()
    other = story.run(2, "openai", version=2).start("openai").succeed("openai")
    then = await state_of(story, run_id)
    assert (then.position, then.events) == (17, 7)
    assert [(pair.version, pair.run_id) for pair in then.installations] == [(2, other.id)]


async def test_a_time_counts_up_to_the_first_event_that_is_later() -> None:
    story, run_id = one_run()
    started = story.events[6]
    then = await state_of(story, run_id, at=started.at + timedelta(milliseconds=1))
    assert (then.position, then.at, then.events) == (7, started.at, 4)
    assert (await state_of(story, run_id, at=started.at)).position == 7
    assert (await state_of(story, run_id, at=started.at - timedelta(milliseconds=1))).position == 6


async def test_the_state_is_what_decisions_are_made_by() -> None:
    story, run_id = one_run()
    then = await state_of(story, run_id, at=7)
    state = INSTALL_RUN.fold(event for event in story.events[:7] if event.stream == run_id)
    assert state is not None
    target = then.state["targets"][0]
    assert (then.state["status"], target["status"]) == ("running", "running")
    assert target["attemptId"] == str(state.targets[0].attempt_id)
    assert datetime.fromisoformat(target["leaseUntil"]) == state.targets[0].lease_until


async def test_who_waits_for_the_slot_and_what_is_in_doubt_is_told() -> None:
    story = Story()
    holder = story.run(1, "openai").start("openai")
    waiting = story.run(2, "openai", version=2)
    (pair,) = (await state_of(story, holder.id)).installations
    assert (pair.name, pair.active_run_id, pair.waiting) == ("kbo-results@openai", holder.id, (waiting.id,))
    holder.expire_lease("openai").start("openai").fail("openai")
    (pair,) = (await state_of(story, waiting.id)).installations
    assert (pair.active_run_id, pair.waiting, pair.doubtful_versions) == (waiting.id, (), (1,))
    assert pair.doubtful_since is not None


async def test_a_pair_that_was_never_worked_on_is_not_there() -> None:
    story = Story()
    run = story.run(1, "openai", "claude", refused=("claude",))
    assert [pair.name for pair in (await state_of(story, run.id)).installations] == ["kbo-results@openai"]


async def test_what_a_read_model_cannot_take_is_said_and_the_rest_is_shown() -> None:
    story, run_id = one_run()
    again = story.events[3].event
    story.add(run_id, again, again)
    then = await state_of(story, run_id)
    assert then.run is None
    assert [(one.of, one.model, one.position) for one in then.broken] == [("run", "install_runs", 11)]
    assert "queued twice" in then.broken[0].message
    assert then.state["status"] == "queued"
    assert [pair.live for pair in then.installations] == [True]
    assert (await state_of(story, run_id, at=10)).broken == ()


@pytest.mark.parametrize(
    ("at", "words"), [(3, "is before the run"), (0, "is before the run"), (NOON, "is before the run")]
)
async def test_before_the_run_there_is_none(at: Asked, words: str) -> None:
    story, run_id = one_run()
    with pytest.raises(RunNotFound, match=words) as refused:
        await state_of(story, run_id, at=at)
    (problem,) = refused.value.problems
    assert problem.pointer == "?at"
    assert "its first event is at position 4, 2026-11-22T12:00:04" in problem.message


@pytest.mark.parametrize(
    ("at", "words"),
    [(11, "newest event, which is at 10"), (NOON + timedelta(days=1), "in the future: it is 2026-11-22")],
)
async def test_a_moment_that_has_not_come_is_refused(at: Asked, words: str) -> None:
    story, run_id = one_run()
    with pytest.raises(BadRequest, match=words) as refused:
        await state_of(story, run_id, at=at, now=NOON + timedelta(hours=1))
    assert [problem.pointer for problem in refused.value.problems] == ["?at"]


async def test_a_clock_that_is_a_little_fast_asks_for_now() -> None:
    story, run_id = one_run()
    now = story.events[-1].at
    assert (await state_of(story, run_id, at=now + timedelta(seconds=30), now=now)).position == 10


@pytest.mark.parametrize("run_id", [uuid4(), SKILL, OPENAI], ids=["nothing", "a skill", "a connection"])
async def test_what_is_no_run_is_not_found(run_id: UUID) -> None:
    story, _ = one_run()
    with pytest.raises(RunNotFound):
        await state_of(story, run_id)


async def test_a_history_without_its_beginning_is_told_from_a_run_that_never_was() -> None:
    story, run_id = one_run()
    cut = [event for event in story.events if event.name != "RunQueued"]
    store = await remembered(cut)
    with pytest.raises(RunNotFound, match="has lost its beginning"):
        await get_run_state(store, store, GetRunState(run_id=run_id, at=None, now=TOMORROW))


async def test_what_a_newer_waybill_did_to_it_is_not_guessed() -> None:
    story, run_id = one_run()
    story.add(installation_stream(SKILL, OPENAI), UnknownEvent(topic="installation.moved", version=1, data=Raw(b"{}")))
    store = NewerStore(story)
    with pytest.raises(HistoryTooNew, match=r"installation\.moved"):
        await get_run_state(
            store, await remembered(story.events[:-1]), GetRunState(run_id=run_id, at=None, now=TOMORROW)
        )


class NewerStore:
    """Gives what the story has; the store in memory would write down only what it knows."""

    def __init__(self, story: Story) -> None:
        self.load = story.load
        self.append = story.append
