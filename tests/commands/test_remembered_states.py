"""What a process remembers of streams saves the reading, and may be out of date without doing harm."""

import asyncio
from uuid import uuid4

import pytest

from adapters.memory.event_store import MemoryEventStore
from commands.handling import Seen, Session, StateCache
from domain.errors import StoreOffline
from domain.install_run.state import INSTALL_RUN
from domain.skill.state import SKILL, Skill
from tests.commands.decisions import do, end_run, handling_of, queue_run, start_run
from tests.commands.stores import Uneven, Unplugged

pytestmark = pytest.mark.anyio

CALLERS = 100


@pytest.mark.parametrize("refuses", [False, True], ids=["quiet", "refused"])
async def test_what_an_outdated_memory_says_no_to_is_decided_again_on_what_is_there_now(*, refuses: bool) -> None:
    store, stream = MemoryEventStore(), uuid4()
    outdated = handling_of(store)
    await do(queue_run(stream), outdated)
    await do(start_run(stream), handling_of(store))
    assert await do(end_run(stream, refuses=refuses), outdated) == "ended"


async def test_an_event_that_an_outdated_memory_led_to_is_not_stored() -> None:
    store, stream = MemoryEventStore(), uuid4()
    outdated = handling_of(store)
    await do(queue_run(stream), outdated)
    await do(start_run(stream), handling_of(store))
    assert await do(start_run(stream), outdated) == "quiet"
    assert await store.head() == 2


async def test_a_memory_that_is_up_to_date_saves_the_reading() -> None:
    store, stream = Unplugged(), uuid4()
    handling = handling_of(store)
    await do(queue_run(stream), handling)

    async def decide(session: Session) -> str:
        store.away = True
        result = await start_run(stream)(session)
        store.away = False
        return result

    assert await do(decide, handling) == "started"
    assert store.tried == 0


@pytest.mark.parametrize("seed", range(3))
async def test_others_who_keep_the_memory_warm_make_nobody_wait(seed: int) -> None:
    """A no is only final when it rests on nothing remembered, and meanwhile all the others remember what they read."""
    store = Uneven(seed)
    streams = [uuid4() for _ in range(4)]
    handling = handling_of(store)
    for stream in streams:
        await do(queue_run(stream), handling)

    async def decide(session: Session) -> str:
        for stream in streams:
            await end_run(stream, refuses=False)(session)
        return "quiet"

    assert set(await asyncio.gather(*(do(decide, handling) for _ in range(CALLERS)))) == {"quiet"}


@pytest.mark.parametrize("while_reading", [False, True], ids=["appending", "reading"])
async def test_a_database_that_is_away_is_asked_once_and_not_again(*, while_reading: bool) -> None:
    """Every further try would make the caller wait as long again; and it may have stored the events."""
    store, stream = Unplugged(), uuid4()
    handling = handling_of(store)
    await do(queue_run(stream), handling)

    async def decide(session: Session) -> str:
        result = await start_run(stream)(session)
        store.away = True
        if while_reading:
            await session.load(uuid4(), INSTALL_RUN)
        return result

    with pytest.raises(StoreOffline):
        await do(decide, handling)
    assert store.tried == 1


def test_the_memory_forgets_what_was_not_used_for_longest() -> None:
    cache = StateCache(states_max=2)
    streams = [uuid4() for _ in range(3)]
    states = [Seen(SKILL, 1, Skill(name=str(number))) for number in range(3)]
    cache.put(streams[0], states[0])
    cache.put(streams[1], states[1])
    assert cache.get(streams[0]) is states[0]
    cache.put(streams[2], states[2])
    assert [cache.get(stream) for stream in streams] == [states[0], None, states[2]]
    cache.forget(streams[0])
    cache.forget(streams[1])
    assert [cache.get(stream) for stream in streams] == [None, None, states[2]]
