"""What a person holds back waits until the time is over, or until somebody ends it."""

from datetime import timedelta
from uuid import uuid4

import pytest

from commands.end_pause import EndPause, EndPauseHandler
from commands.pause_provider import PauseProvider, PauseProviderHandler, ResumeProvider, ResumeProviderHandler
from domain.errors import ProviderNotFound, ProviderOnHold
from domain.events import Event
from domain.provider.events import ProviderPaused, ProviderResumed
from domain.timers import Timer, TimerName
from tests.commands.connections import OPENAI_ID, Connections, in_use
from tests.kit.facts import NOON, context

pytestmark = pytest.mark.anyio

HOUR = 3600


async def pause(world: Connections, seconds: int | None = None, *, provider: str = "openai") -> None:
    command = PauseProvider(provider=provider, seconds=seconds)
    assert await PauseProviderHandler(handling=world.handling)(command, context()) == OPENAI_ID


async def resume(world: Connections, *, provider: str = "openai") -> None:
    handler = ResumeProviderHandler(handling=world.handling)
    assert await handler(ResumeProvider(provider=provider), context()) == OPENAI_ID


async def end_pause(world: Connections) -> float | None:
    return await EndPauseHandler(handling=world.handling)(EndPause(provider_id=OPENAI_ID), context())


async def since(world: Connections, head: int) -> list[Event]:
    return [recorded.event for recorded in await world.store.read(after=head, limit=100)]


def resume_timers(world: Connections) -> list[Timer]:
    return [one.timer for one in world.store.timers.values() if one.timer.name is TimerName.RESUME]


@pytest.mark.parametrize("provider", ["openai", str(OPENAI_ID)], ids=["name", "id"])
async def test_a_pause_with_an_end_is_seen_to_when_that_has_come(provider: str) -> None:
    world = await in_use()
    head = await world.store.head()
    await pause(world, HOUR, provider=provider)
    until = NOON + timedelta(seconds=HOUR)
    assert await since(world, head) == [ProviderPaused(until=until, requested=True)]
    expected = Timer(name=TimerName.RESUME, subject=OPENAI_ID, provider_id=OPENAI_ID, due_at=until)
    assert resume_timers(world) == [expected]
    assert await end_pause(world) == HOUR
    world.pass_time(HOUR)
    assert await end_pause(world) is None
    assert (await since(world, head))[1:] == [ProviderResumed()]


async def test_a_pause_without_an_end_lasts_and_takes_the_place_of_one_with_an_end() -> None:
    world = await in_use()
    await pause(world, HOUR)
    await pause(world)
    assert resume_timers(world) == []
    world.pass_time(100 * HOUR)
    head = await world.store.head()
    assert await end_pause(world) is None
    assert await since(world, head) == []
    assert (await world.state()).paused_at(world.now)


async def test_who_pauses_twice_without_an_end_is_told_nothing_new() -> None:
    world = await in_use()
    await pause(world)
    head = await world.store.head()
    await pause(world)
    assert await since(world, head) == []


async def test_a_person_ends_any_pause_and_nobody_comes_back_to_it() -> None:
    world = await in_use()
    await pause(world, HOUR)
    head = await world.store.head()
    await resume(world)
    assert await since(world, head) == [ProviderResumed(requested=True)]
    assert resume_timers(world) == []
    await resume(world)
    assert len(await since(world, head)) == 1


async def test_what_is_asked_for_meanwhile_waits_and_is_done_after() -> None:
    world = await in_use()
    await world.register()
    await pause(world)
    run_id = (await world.queue("openai")).run_id
    with pytest.raises(ProviderOnHold):
        await world.start(run_id)
    await resume(world)
    await world.carry_out(run_id)


async def test_a_connection_that_is_not_there_cannot_be_paused_or_resumed() -> None:
    world = await in_use()
    for missing in ("nobody", str(uuid4())):
        with pytest.raises(ProviderNotFound):
            await pause(world, provider=missing)
        with pytest.raises(ProviderNotFound):
            await resume(world, provider=missing)
