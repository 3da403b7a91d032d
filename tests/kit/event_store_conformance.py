"""What every event store must do. A store's test is a subclass that gives a `store` fixture."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import anyio.lowlevel
import pytest
from msgspec.structs import replace

from domain.errors import Code
from domain.events import Actor, Context, Event, Recorded, Role
from domain.install_run.events import (
    ProviderFailed,
    RunPartiallyFailed,
    RunQueued,
    RunStarted,
    SkillPin,
    Target,
)
from domain.install_run.policy import Policy
from domain.ports import Append, AppendConflict, EventStore, NewEvent
from tests.kit.facts import NOON, append

WRITERS = 60
RIVALS = 30

QUEUED = RunQueued(
    skill=SkillPin(id=UUID(int=1), name="요약", version=3, digest=f"sha256:{'ab' * 32}", ref="latest"),
    targets=(Target(id=UUID(int=2), name="openai", kind="openai"), Target(id=UUID(int=3), name="noop", kind="noop")),
    policy=Policy(attempt_timeout_seconds=5),
)
FAILED = ProviderFailed(
    provider_id=UUID(int=2),
    attempt_id=UUID(int=4),
    code=Code.PROVIDER_RATE_LIMIT,
    message='429: "slow down" \\ \u2028 😀 \ud7ff',
    retryable=True,
    ambiguous=False,
    retry_after_seconds=1.5,
)
ENDED = RunPartiallyFailed(succeeded=1, failures={Code.PROVIDER_RATE_LIMIT: 1})


def one_stream(stream: UUID, *events: Event, seen: int = 0, read: dict[UUID, int] | None = None) -> Append:
    """Several events for one stream; `read` are other streams that the decision saw."""
    plain = append(stream, expected={stream: seen, **(read or {})})
    return replace(plain, events=tuple(NewEvent(id=uuid4(), stream=stream, event=event) for event in events))


def places(recorded: tuple[Recorded, ...]) -> list[tuple[int, int]]:
    return [(event.position, event.version) for event in recorded]


@pytest.mark.anyio
class EventStoreConformance:
    async def test_a_stream_without_events_is_empty(self, store: EventStore) -> None:
        assert await store.load(uuid4()) == ()

    async def test_what_was_appended_is_loaded_in_order(self, store: EventStore) -> None:
        stream, other = uuid4(), uuid4()
        first = await store.append(one_stream(stream, QUEUED, RunStarted(), FAILED))
        between = await store.append(one_stream(other, RunStarted()))
        last = await store.append(one_stream(stream, ENDED, seen=3))
        assert [event.event for event in first + last] == [QUEUED, RunStarted(), FAILED, ENDED]
        assert places(first + between + last) == [(1, 1), (2, 2), (3, 3), (4, 1), (5, 4)]
        assert await store.load(stream) == first + last
        assert await store.load(other) == between

    async def test_everything_about_an_event_is_kept(self, store: EventStore) -> None:
        at = NOON + timedelta(microseconds=1)
        context = Context(
            actor=Actor(kind="api_key", id="k1", name="안나", role=Role.OPERATOR),
            request_id="request-1",
            correlation_id=uuid4(),
            causation_id=uuid4(),
        )
        event_id, stream = uuid4(), uuid4()
        new = NewEvent(id=event_id, stream=stream, event=RunStarted())
        recorded = Recorded(
            id=event_id,
            position=1,
            stream=stream,
            version=1,
            at=at,
            actor=context.actor,
            request_id="request-1",
            correlation_id=context.correlation_id,
            causation_id=context.causation_id,
            event=RunStarted(),
        )
        appended = await store.append(Append(expected={stream: 0}, events=(new,), context=context, at=at))
        assert appended == (recorded,) == await store.load(stream)

    async def test_a_moment_is_the_same_moment_whatever_its_time_zone(self, store: EventStore) -> None:
        stream = uuid4()
        seoul = datetime.fromisoformat("2026-11-22T21:00:00.000001+09:00")
        await store.append(replace(append(stream), at=seoul))
        assert [event.at for event in await store.load(stream)] == [seoul]

    async def test_an_append_over_several_streams_keeps_the_order_of_its_events(self, store: EventStore) -> None:
        first, second = uuid4(), uuid4()
        mixed = Append(
            expected={first: 0, second: 0},
            events=tuple(
                NewEvent(id=uuid4(), stream=stream, event=event)
                for stream, event in ((first, QUEUED), (second, RunStarted()), (first, FAILED), (second, ENDED))
            ),
            context=append().context,
            at=NOON,
        )
        appended = await store.append(mixed)
        assert [event.id for event in appended] == [event.id for event in mixed.events]
        assert places(appended) == [(1, 1), (2, 1), (3, 2), (4, 2)]
        assert await store.load(first) == (appended[0], appended[2])
        assert await store.load(second) == (appended[1], appended[3])

    async def test_a_conflict_names_the_streams_that_moved_and_stores_nothing(self, store: EventStore) -> None:
        moved, also_moved, still, new = uuid4(), uuid4(), uuid4(), uuid4()
        before = await store.append(append(moved, also_moved, still))
        stale = append(moved, also_moved, still, new, expected={moved: 0, also_moved: 0, still: 1, new: 0})
        with pytest.raises(AppendConflict) as conflict:
            await store.append(stale)
        assert conflict.value.streams == {moved, also_moved}
        loaded = [await store.load(stream) for stream in (moved, also_moved, still, new)]
        assert loaded == [before[0:1], before[1:2], before[2:3], ()]

    async def test_a_version_that_was_never_reached_is_a_conflict(self, store: EventStore) -> None:
        stream = uuid4()
        await store.append(append(stream))
        with pytest.raises(AppendConflict) as conflict:
            await store.append(append(stream, expected={stream: 2}))
        assert conflict.value.streams == {stream}
        assert len(await store.load(stream)) == 1

    async def test_a_stream_that_was_only_read_is_checked_and_not_changed(self, store: EventStore) -> None:
        read, written = uuid4(), uuid4()
        before = await store.append(append(read))
        with pytest.raises(AppendConflict) as conflict:
            await store.append(one_stream(written, RunStarted(), read={read: 0}))
        assert conflict.value.streams == {read}
        await store.append(one_stream(written, RunStarted(), read={read: 1}))
        assert await store.load(read) == before
        assert len(await store.load(written)) == 1

    async def test_a_refused_append_uses_up_no_position(self, store: EventStore) -> None:
        stream = uuid4()
        await store.append(append(stream))
        with pytest.raises(AppendConflict):
            await store.append(append(stream))
        assert places(await store.append(append(uuid4()))) == [(2, 1)]

    async def test_positions_are_dense_when_many_write_at_once(self, store: EventStore) -> None:
        appended = await asyncio.gather(*(store.append(append(uuid4(), uuid4())) for _ in range(WRITERS)))
        positions = [event.position for events in appended for event in events]
        assert sorted(positions) == list(range(1, 2 * WRITERS + 1))
        assert all(second.position == first.position + 1 for first, second in appended)

    async def test_of_rivals_for_one_version_one_wins(self, store: EventStore) -> None:
        stream, own = uuid4(), [uuid4() for _ in range(RIVALS)]
        outcomes = await asyncio.gather(
            *(store.append(append(stream, stream_of_its_own)) for stream_of_its_own in own), return_exceptions=True
        )
        won = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, tuple)]
        lost = [outcome.streams for outcome in outcomes if isinstance(outcome, AppendConflict)]
        assert (len(won), len(lost)) == (1, RIVALS - 1)
        assert set().union(*lost) == {stream}
        assert len(await store.load(stream)) == 1
        assert [number for number, single in enumerate(own) if await store.load(single)] == won

    async def test_a_caller_that_leaves_takes_nobody_with_it(self, store: EventStore) -> None:
        """Its own events are stored together or not at all; which of both, nobody is there to be told."""
        left = [uuid4(), uuid4()]
        leaving = asyncio.create_task(store.append(append(*left)))
        staying = [asyncio.create_task(store.append(append(uuid4()))) for _ in range(3)]
        await anyio.lowlevel.checkpoint()
        leaving.cancel()
        stayed = await asyncio.gather(*staying)
        with pytest.raises(asyncio.CancelledError):
            await leaving
        last = await store.append(append(uuid4()))
        stored = [await store.load(stream) for stream in left]
        assert len(stored[0]) == len(stored[1])
        found = [event.position for events in (*stored, *stayed, last) for event in events]
        assert sorted(found) == list(range(1, len(found) + 1))

    async def test_a_reader_may_leave(self, store: EventStore) -> None:
        stream = uuid4()
        appended = await store.append(append(stream))
        leaving = asyncio.create_task(store.load(stream))
        staying = asyncio.create_task(store.load(stream))
        await anyio.lowlevel.checkpoint()
        leaving.cancel()
        assert await staying == appended
