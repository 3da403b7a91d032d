"""What streams are fed from, on a store in memory: no event is left out or given twice, wherever it comes from."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from uuid import UUID, uuid4

import pytest

from adapters.http.event_feed import EVERYTHING, EventFeed
from adapters.http.event_frames import Frame
from adapters.http.event_sources import PULL_BYTES_MAX, AllEvents, RunEvents, Source
from adapters.memory.event_store import MemoryEventStore
from domain.errors import Code, RunNotFound, StoreOffline
from domain.events import Event, Recorded
from domain.install_run.events import ProviderFailed, RunQueued, RunSucceeded, SkillPin, Target
from domain.install_run.policy import Policy
from domain.installation.events import InstallationReleased, InstallationVerified
from domain.installation.state import installation_stream
from domain.ports import Append, EventLog, NewEvent
from tests.kit.facts import NOON, append, context
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

SEEDS = range(20)
BURSTS = 30
SKILL = SkillPin(id=uuid4(), name="kbo-results", version=1, digest="sha256:00", ref="latest")
TARGET = Target(id=uuid4(), name="openai", kind="openai")
SLOT = installation_stream(SKILL.id, TARGET.id)


class Outage:
    """An event log that can be away, come back as another one, and give less at a time than was asked for. It counts how often
    somebody waits for more.
    """

    def __init__(self, log: EventLog, *, read_max: int = 1000) -> None:
        self.log = log
        self._read_max = read_max
        self.away = False
        self.waits = 0

    async def head(self) -> int:
        return await self._there().head()

    async def read(self, *, after: int, limit: int) -> tuple[Recorded, ...]:
        return await self._there().read(after=after, limit=min(limit, self._read_max))

    async def wait(self, *, after: int, timeout_seconds: float) -> None:
        self.waits += 1
        await self.log.wait(after=after, timeout_seconds=min(timeout_seconds, 0.01))

    def _there(self) -> EventLog:
        if self.away:
            raise StoreOffline
        return self.log


async def store_events(store: MemoryEventStore, *events: tuple[UUID, Event]) -> None:
    """In one commit."""
    versions = {stream: len(await store.load(stream)) for stream, _ in events}
    new = tuple(NewEvent(id=uuid4(), stream=stream, event=event) for stream, event in events)
    await store.append(Append(expected=versions, events=new, context=context(), at=NOON))


async def let_others_run(turns: int) -> None:
    """As a store in memory does whenever it is asked."""
    store = MemoryEventStore()
    for _ in range(turns):
        await store.load(SLOT)


def ids_of(message: bytes) -> list[int]:
    return [int(line.removeprefix(b"id: ")) for line in message.splitlines() if line.startswith(b"id: ")]


async def pull_to(source: Source, condition: Callable[[list[int]], bool]) -> list[int]:
    pulled: list[int] = []
    async with asyncio.timeout(10):
        while not condition(pulled):
            source.listener.heard.clear()
            got = await source.pull()
            assert len(got.message) <= PULL_BYTES_MAX or len(ids_of(got.message)) == 1
            pulled += ids_of(got.message)
            if not got.message and not got.behind and not condition(pulled):
                await source.listener.heard.wait()
    return pulled


def has_come(source: Source, upto: int, _: list[int]) -> bool:
    return source.position >= upto


def everything(_: Frame) -> bool:
    return True


@pytest.mark.parametrize("seed", SEEDS)
async def test_whoever_pulls_when_and_from_where_gets_every_event_once(seed: int) -> None:
    """Only three are kept at hand, so that those who are slow read on in the store, and come back."""
    choose, store = random.Random(seed), MemoryEventStore()  # noqa: S311 - to try out, not to keep secret
    await store.append(append(*(uuid4() for _ in range(5))))
    feed = EventFeed(store, recent_events_max=3, gather_seconds=0)
    last = 5 + 3 * BURSTS

    async def read(position: int) -> list[int]:
        async with feed.listening(EVERYTHING) as listener:
            source = AllEvents(feed=feed, listener=listener, log=store, wanted=everything, position=position)
            pulled: list[int] = []
            while source.position < last:
                upto = min(source.position + choose.randint(1, 12), last)
                pulled += await pull_to(source, partial(has_come, source, upto))
                await let_others_run(choose.randint(0, 6))
            return pulled

    async with asyncio.TaskGroup() as group:
        reading = {position: group.create_task(read(position)) for position in range(6)}
        for _ in range(BURSTS):
            await store.append(append(*(uuid4() for _ in range(3))))
            await let_others_run(choose.randint(0, 4))
    for position, task in reading.items():
        assert task.result() == list(range(position + 1, last + 1))


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_run_is_told_in_full_however_much_happens_besides(seed: int) -> None:
    choose, store, run_id = random.Random(seed), MemoryEventStore(), uuid4()  # noqa: S311
    queued = RunQueued(skill=SKILL, targets=(TARGET,), policy=Policy())
    await store_events(store, (run_id, queued), (SLOT, InstallationVerified(run_id=run_id)))
    # What is stored in one commit is not heard of at once.
    feed = EventFeed(Outage(store, read_max=2), recent_events_max=3, gather_seconds=0)

    async def watch(position: int) -> list[int]:
        async with feed.listening(("run", run_id)) as listener:
            source = RunEvents(feed=feed, listener=listener, log=store, store=store, run_id=run_id, position=position)
            await source.begin()
            return await pull_to(source, lambda _: source.over)

    wanted = [1]
    async with asyncio.TaskGroup() as group:
        watching = {position: group.create_task(watch(position)) for position in range(4)}
        for _ in range(BURSTS):
            if choose.random() < 0.3:
                await store_events(store, (uuid4(), failed("x")), (run_id, failed("y")))
                wanted.append(await store.head())
            await store.append(append(*(uuid4() for _ in range(choose.randint(1, 6)))))
            await let_others_run(choose.randint(0, 4))
        ending = (run_id, RunSucceeded(succeeded=1))
        await store_events(
            store, ending, *((uuid4(), failed("z")) for _ in range(5)), (SLOT, InstallationReleased(run_id=run_id))
        )
        wanted += [await store.head() - 6, await store.head()]
        await store.append(append(uuid4()))
    for position, task in watching.items():
        assert task.result() == [one for one in wanted if one > position]


def failed(message: str) -> ProviderFailed:
    return ProviderFailed(
        provider_id=TARGET.id,
        attempt_id=uuid4(),
        code=Code.PROVIDER_TIMEOUT,
        message=message,
        retryable=True,
        ambiguous=True,
        final=False,
    )


async def test_what_is_pulled_at_once_is_bounded_and_one_large_event_comes_all_the_same() -> None:
    store = MemoryEventStore()
    feed = EventFeed(store)
    for _ in range(4):
        await store_events(store, (uuid4(), failed("x" * PULL_BYTES_MAX)), (uuid4(), failed("small")))
    async with feed.listening(EVERYTHING) as listener:
        source = AllEvents(feed=feed, listener=listener, log=store, wanted=everything, position=0)
        assert await pull_to(source, lambda some: len(some) == 8) == list(range(1, 9))


async def test_it_follows_only_as_long_as_somebody_listens() -> None:
    log = Outage(MemoryEventStore())
    feed = EventFeed(log)
    async with feed.listening(EVERYTHING), feed.listening(EVERYTHING):

        async def waited() -> bool:
            return log.waits > 2

        await eventually(waited, 5)
    waits = log.waits
    await let_others_run(50)
    assert log.waits == waits


async def test_it_begins_where_the_store_ends_also_the_second_time() -> None:
    store = MemoryEventStore()
    feed = EventFeed(store, recent_events_max=3, gather_seconds=0)
    for _ in range(2):
        await store.append(append(*(uuid4() for _ in range(5))))
        async with feed.listening(EVERYTHING) as listener:
            begin = feed.position
            assert begin == await store.head()
            await store.append(append(uuid4(), uuid4(), uuid4()))
            await asyncio.wait_for(listener.heard.wait(), 5)
            assert [frame.position for frame in feed.recent(after=begin) or ()] == [begin + 1, begin + 2, begin + 3]


async def test_while_the_store_is_away_nobody_begins_and_who_listens_goes_on_afterwards() -> None:
    store = MemoryEventStore()
    log = Outage(store)
    feed = EventFeed(log)
    log.away = True
    for _ in range(2):
        with pytest.raises(StoreOffline):
            async with feed.listening(EVERYTHING):
                pass
    log.away = False
    async with feed.listening(EVERYTHING) as listener:
        log.away = True
        await store.append(append(uuid4()))
        log.away = False
        source = AllEvents(feed=feed, listener=listener, log=log, wanted=everything, position=0)
        assert await pull_to(source, bool) == [1]


async def test_a_store_that_was_set_back_is_noticed() -> None:
    before, after = MemoryEventStore(), MemoryEventStore()
    await before.append(append(uuid4(), uuid4(), uuid4()))
    await after.append(append(uuid4()))
    log = Outage(before)
    feed = EventFeed(log)
    async with AsyncExitStack() as stack:
        listeners = [await stack.enter_async_context(feed.listening(EVERYTHING)) for _ in range(2)]
        assert (feed.position, feed.turns) == (3, 0)
        log.log = after
        async with asyncio.timeout(5):
            for listener in listeners:
                await listener.heard.wait()
        assert (feed.position, feed.turns) == (1, 1)


async def test_what_is_no_run_is_not_found() -> None:
    store = MemoryEventStore()
    await store_events(store, (SLOT, InstallationVerified(run_id=uuid4())))
    feed = EventFeed(store)
    for run_id in (uuid4(), SLOT):
        async with feed.listening(("run", run_id)) as listener:
            source = RunEvents(feed=feed, listener=listener, log=store, store=store, run_id=run_id, position=0)
            with pytest.raises(RunNotFound):
                await source.begin()
