import asyncio
from uuid import UUID, uuid4

import pytest

from adapters.memory.event_store import MemoryEventStore
from commands.handling import DECISIONS_MAX, Session, find
from domain.errors import Busy, RunNotFound
from domain.install_run.state import INSTALL_RUN, InstallRun
from domain.ports import SideRow
from domain.provider.state import PROVIDER
from domain.skill.state import SKILL, Skill, skill_stream
from tests.commands.decisions import do, end_run, handling_of, queue_run, start_run
from tests.commands.world import NAME, SKILL_ID, World
from tests.domain.facts import OPENAI, queued
from tests.kit.facts import NOON, context

pytestmark = pytest.mark.anyio

CALLERS = 100


async def test_what_was_decided_is_stored_with_who_and_when() -> None:
    store, stream, who = MemoryEventStore(), uuid4(), context()
    _, handled = await handling_of(store).handle(queue_run(stream), context=who)
    assert handled.events == await store.load(stream)
    (recorded,) = handled.events
    assert (handled.position, handled.event_id) == (1, recorded.id)
    assert (recorded.event, recorded.at, recorded.actor) == (queued(OPENAI), NOON, who.actor)
    assert (recorded.request_id, recorded.correlation_id) == (who.request_id, who.correlation_id)


async def test_a_quiet_decision_stores_nothing() -> None:
    store, stream = MemoryEventStore(), uuid4()
    await do(queue_run(stream), handling_of(store))
    result, handled = await handling_of(store).handle(end_run(stream, refuses=False), context=context())
    assert (result, handled.events, handled.position, handled.event_id) == ("quiet", (), None, None)
    assert await store.head() == 1


async def test_a_refusal_stores_nothing_not_even_what_was_meant_before_it() -> None:
    store = MemoryEventStore()

    async def decide(session: Session) -> str:
        await queue_run(uuid4())(session)
        session.write(SideRow(table="credentials", values={"id": 1}))
        raise RunNotFound

    with pytest.raises(RunNotFound):
        await do(decide, handling_of(store))
    assert (await store.head(), store.rows) == (0, {})


async def test_a_row_is_stored_with_the_events() -> None:
    store = MemoryEventStore()

    async def decide(session: Session) -> str:
        session.write(SideRow(table="credentials", values={"id": 1}))
        return await queue_run(uuid4())(session)

    await do(decide, handling_of(store))
    assert store.rows == {"credentials": [{"id": 1}]}


@pytest.mark.parametrize("processes", [1, 10])
async def test_who_was_overtaken_decides_again_on_what_is_there_now(processes: int) -> None:
    store, stream = MemoryEventStore(), uuid4()
    await do(queue_run(stream), handling_of(store))
    handlings = [handling_of(store) for _ in range(processes)] * (CALLERS // processes)
    results = await asyncio.gather(*(do(start_run(stream), handling) for handling in handlings))
    assert sorted(results) == ["quiet"] * (CALLERS - 1) + ["started"]
    assert await store.head() == 2


async def test_a_stream_that_was_only_read_is_watched_too() -> None:
    store, read, written = MemoryEventStore(), uuid4(), uuid4()
    seen: list[InstallRun | None] = []

    async def decide(session: Session) -> str:
        seen.append(await session.load(read, INSTALL_RUN))
        if len(seen) == 1:
            await do(queue_run(read), handling_of(store))
        return await queue_run(written)(session)

    await do(decide, handling_of(store))
    assert [run is None for run in seen] == [True, False]
    assert len(await store.load(written)) == 1


async def test_who_is_overtaken_every_time_is_told_so_after_a_bounded_number_of_decisions() -> None:
    store, stream = MemoryEventStore(), uuid4()
    decisions = 0

    async def decide(session: Session) -> str:
        nonlocal decisions
        decisions += 1
        await queue_run(stream)(session)
        return await do(queue_run(stream), handling_of(store))

    with pytest.raises(Busy):
        await do(decide, handling_of(store))
    assert decisions == DECISIONS_MAX
    assert await store.head() == DECISIONS_MAX


async def test_a_stream_of_another_noun_is_not_there(world: World) -> None:
    provider_id = (await world.connect("third")).provider_id
    for handling in (world.handling, world.another_process().handling):

        async def decide(session: Session) -> str:
            assert await session.load(provider_id, SKILL) is None
            assert await session.load(provider_id, PROVIDER) is not None
            assert await session.load(provider_id, SKILL) is None
            return "seen"

        assert await do(decide, handling) == "seen"


async def found(world: World, text: str) -> tuple[UUID, Skill | None]:
    async def decide(session: Session) -> tuple[UUID, Skill | None]:
        return await find(session, text, named=skill_stream, fold=SKILL)

    result, _ = await world.handling.handle(decide, context=context())
    return result


@pytest.mark.parametrize("text", [NAME, str(SKILL_ID), str(SKILL_ID).upper()])
async def test_a_thing_is_found_by_name_and_by_id(world: World, text: str) -> None:
    stream, skill = await found(world, text)
    assert (stream, skill and skill.name) == (SKILL_ID, NAME)


async def test_an_id_that_is_no_things_may_still_be_a_name(world: World) -> None:
    """`deadbeef...` is a good name for a skill, and 32 hex digits are how some people write an id."""
    name = "deadbeef" * 4
    await world.register(name=name)
    stream, skill = await found(world, name)
    assert (stream, skill and skill.name) == (skill_stream(name), name)


@pytest.mark.parametrize("text", ["", "nothing", str(UUID(int=0))])
async def test_what_is_not_there_is_not_found(world: World, text: str) -> None:
    assert await found(world, text) == (skill_stream(text), None)
