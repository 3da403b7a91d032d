"""What a run rests on is found in all streams: by the request that led to it, by causes, and by the runs that it names."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import uuid_utils.compat
from msgspec.structs import replace

from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.event_store import PostgresEventStore
from domain.access.events import AccessDenied
from domain.access.state import denials_stream
from domain.errors import Code, RunNotFound
from domain.events import Recorded
from domain.provider.events import ProviderActivated, ProviderDeactivated
from domain.provider.state import provider_stream
from projections.run_history import run_of
from queries.cause_nodes import CauseNode
from queries.run_causes import RunCauses, get_run_causes
from tests.kit.projection_spec import ADMIN
from tests.kit.read_side import ReadSide
from tests.projections.stories import OPENAI, Story

pytestmark = pytest.mark.anyio

ELSEWHERE = UUID(int=7)


class Told:
    """A store with a story in it, whose events say what caused them as real ones do: by ids that tell their time."""

    def __init__(self, side: ReadSide, store: PostgresEventStore, log: PostgresEventLog) -> None:
        self.side = side
        self._store = store
        self._log = log

    async def tell(self, events: list[Recorded]) -> None:
        await self.side.store(events)
        await self.side.take("audit_log", events=events)

    async def causes(self, run_id: UUID) -> RunCauses:
        return await get_run_causes(self._store, self._log, self.side.reader, run_id)


@pytest.fixture
async def told(side: ReadSide, database: str) -> AsyncIterator[Told]:
    store = PostgresEventStore(database, name="test-store")
    log = PostgresEventLog(database, name="test-log")
    yield Told(side, store, log)
    await log.close()
    await store.close()


def timed(events: list[Recorded]) -> list[Recorded]:
    """With ids of their times."""
    ids = {event.id: _id_of(event) for event in events}
    return [
        replace(event, id=ids[event.id], causation_id=ids.get(event.causation_id) if event.causation_id else None)
        for event in events
    ]


def _id_of(event: Recorded) -> UUID:
    milliseconds = int(event.at.timestamp() * 1000)
    return UUID(int=(milliseconds << 80) | (uuid_utils.compat.uuid7().int & ((1 << 80) - 1)))


def denial(story: Story, path: str) -> Recorded:
    denied = AccessDenied(source="127.0.0.1", code=Code.FORBIDDEN, method="POST", path=path)
    story.add(denials_stream("127.0.0.1"), denied)
    story.events[-1] = replace(story.events[-1], causation_id=None)
    return story.events[-1]


def nodes_of(found: RunCauses) -> Iterator[CauseNode]:
    waiting = list(found.roots)
    while waiting:
        node = waiting.pop(0)
        yield node
        waiting += node.children


async def test_a_run_has_its_whole_history_in_the_tree(told: Told) -> None:
    story = Story()
    run = story.run(1, "openai", "claude").start("openai").fail("openai").start("claude").succeed("claude")
    story.run(2, "gemini", skill="other").start("gemini")
    await told.tell(timed(story.events))
    found = await told.causes(run.id)
    assert found.run is not None
    assert (found.run.status.value, found.omitted, found.stale) == ("partial_failed", 0, False)
    assert sorted(node.position for node in nodes_of(found)) == [
        event.position for event in story.events if run_of(event) == run.id
    ]
    assert {node.provider for node in nodes_of(found)} == {None, "openai", "claude"}


async def test_who_was_refused_is_there_by_the_request_and_by_the_address(told: Told) -> None:
    story = Story()
    run = story.run(1, "openai")
    same = denial(story, "/api/skills")
    story.events[-1] = replace(same, correlation_id=story.events[0].correlation_id)
    denial(story, f"/api/install-runs/{run.id}/cancel")
    denial(story, f"/api/install-runs/{uuid4()}/cancel")
    await told.tell(timed(story.events))
    found = [node for node in nodes_of(await told.causes(run.id)) if node.event == "AccessDenied"]
    assert [(node.position, node.say["path"]) for node in found] == [
        (3, "/api/skills"),
        (4, f"/api/install-runs/{run.id}/cancel"),
    ]
    assert all("source" not in node.say for node in found)


async def test_other_runs_of_the_same_request_are_named_and_not_told(told: Told) -> None:
    story = Story()
    run = story.run(1, "openai")
    other = story.run(2, "openai", skill="other").start("openai").succeed("openai")
    events = [replace(event, correlation_id=ELSEWHERE) for event in timed(story.events)]
    await told.tell(events)
    beside = [node.event for node in nodes_of(await told.causes(run.id)) if node.run_id == other.id]
    assert beside == ["RunQueued"]


async def test_a_cause_in_another_stream_is_found_by_its_id_and_its_own_cause_too(told: Told) -> None:
    story = Story()
    run = story.run(1, "openai")
    story.connect()
    story.add(OPENAI, ProviderActivated())
    story.add(OPENAI, ProviderDeactivated())
    run.give_up("openai")
    events = timed(story.events)
    events[2] = replace(events[2], causation_id=None)
    await told.tell([event if event.stream != OPENAI else replace(event, correlation_id=uuid4()) for event in events])
    found = {node.event: node for node in nodes_of(await told.causes(run.id))}
    assert [child.event for child in found["ProviderConnected"].children] == ["ProviderActivated"]
    assert [child.event for child in found["ProviderActivated"].children] == ["ProviderDeactivated"]
    assert "ProviderGivenUp" in [child.event for child in found["ProviderDeactivated"].children]
    assert found["ProviderDeactivated"].provider == "openai"


async def test_a_cause_that_is_not_in_the_store_breaks_nothing(told: Told) -> None:
    story = Story()
    run = story.run(1, "openai").start("openai")
    events = timed(story.events)
    events[2] = replace(events[2], causation_id=uuid_utils.compat.uuid7())
    await told.tell(events)
    found = await told.causes(run.id)
    lost = [node for node in found.roots if node.because == "lost"]
    assert [(node.event, node.also[0].id) for node in lost] == [("RunStarted", events[2].causation_id)]


async def test_the_run_that_it_tries_again_or_takes_back_is_pointed_at(told: Told) -> None:
    story = Story()
    run = story.run(1, "openai", "claude").start("openai").fail("openai").start("claude").succeed("claude")
    retry = story.retry(2, run)
    undoing = story.roll_back(3, run)
    await told.tell(
        [replace(event, causation_id=None) if event.name == "RunQueued" else event for event in timed(story.events)]
    )
    for repair, because in ((retry, "retry"), (undoing, "rollback")):
        queued = next(node for node in nodes_of(await told.causes(repair.id)) if node.run_id == repair.id)
        assert [(link.because, link.run_id, link.event) for link in queued.also] == [
            (because, run.id, "RunPartiallyFailed")
        ]
        assert queued.also[0].say == {"succeeded": 1, "failures": {"too_large:provider": 1}}


async def test_the_run_that_it_waited_for_is_pointed_at(told: Told) -> None:
    story = Story()
    first = story.run(1, "openai").start("openai")
    waiting = story.run(2, "openai", version=2)
    story.wait_until(story.now + timedelta(seconds=30))
    first.succeed("openai")
    events = timed(story.events)
    changed = next(event for event in events if event.name == "InstallationChanged")
    told_together = [replace(event, at=changed.at) if event.position > changed.position else event for event in events]
    await told.tell(told_together)
    reserved = next(node for node in nodes_of(await told.causes(waiting.id)) if node.event == "InstallationReserved")
    assert (reserved.because, reserved.spent) == ("turn", "turn")
    assert [(link.because, link.run_id, link.event) for link in reserved.also] == [
        ("turn", first.id, "InstallationChanged")
    ]


async def test_a_run_that_waited_for_nobody_points_at_nobody(told: Told) -> None:
    story = Story()
    story.run(1, "openai").start("openai").succeed("openai")
    run = story.run(2, "openai", version=2)
    await told.tell(timed(story.events))
    reserved = next(node for node in nodes_of(await told.causes(run.id)) if node.event == "InstallationReserved")
    assert [link.because for link in reserved.also] == []


async def test_where_the_read_side_is_behind_it_says_so_and_tells_what_the_streams_have(told: Told) -> None:
    story = Story()
    run = story.run(1, "openai").start("openai").succeed("openai")
    await told.side.store(timed(story.events))
    found = await told.causes(run.id)
    assert found.stale
    assert len(list(nodes_of(found))) == len(story.events)


async def test_what_a_person_asked_of_a_run_comes_with_its_own_request(told: Told) -> None:
    story = Story()
    run = story.run(1, "openai").start("openai").cancel()
    story.connect("elsewhere")
    events = timed(story.events)
    cancel = next(event for event in events if event.name == "RunCancelRequested")
    asked = uuid4()
    events = [
        replace(event, correlation_id=asked, causation_id=None, actor=ADMIN)
        if event.id == cancel.id or event.stream == provider_stream("elsewhere")
        else event
        for event in events
    ]
    await told.tell(events)
    assert "ProviderConnected" in {node.event for node in nodes_of(await told.causes(run.id))}


async def test_what_is_no_run_has_no_causes(told: Told) -> None:
    with pytest.raises(RunNotFound):
        await told.causes(uuid4())
