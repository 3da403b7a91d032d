"""A pause is over when its time is; a person's without an end is the person's to end."""

from datetime import timedelta
from uuid import uuid4

import pytest

from commands.end_pause import EndPause, EndPauseHandler
from domain.errors import ProviderNotFound
from domain.provider.events import ProviderPaused, ProviderResumed
from domain.provider.state import provider_stream
from tests.commands.world import World
from tests.kit.facts import NOON, context

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")
SECONDS = 20


async def end_pause(world: World) -> float | None:
    return await EndPauseHandler(handling=world.handling)(EndPause(provider_id=OPENAI_ID), context())


@pytest.mark.parametrize("requested", [True, False], ids=["by a person", "by the provider"])
async def test_a_pause_whose_time_is_over_ends(world: World, *, requested: bool) -> None:
    await world.happen_to("openai", ProviderPaused(until=NOON + timedelta(seconds=SECONDS), requested=requested))
    world.pass_time(SECONDS)
    assert await end_pause(world) is None
    assert (await world.events(OPENAI_ID))[-1] == ProviderResumed()


async def test_one_that_lasts_is_asked_after_when_it_is_over(world: World) -> None:
    await world.happen_to("openai", ProviderPaused(until=NOON + timedelta(seconds=SECONDS)))
    before = await world.events()
    world.pass_time(SECONDS - 5)
    assert await end_pause(world) == 5
    assert await world.events() == before


async def test_one_without_an_end_is_left_to_the_person(world: World) -> None:
    await world.happen_to("openai", ProviderPaused(requested=True))
    before = await world.events()
    world.pass_time(1_000_000)
    assert await end_pause(world) is None
    assert await world.events() == before


async def test_a_connection_that_is_not_paused_stays_as_it_is(world: World) -> None:
    before = await world.events()
    assert await end_pause(world) is None
    assert await world.events() == before


async def test_what_is_not_known_is_refused(world: World) -> None:
    with pytest.raises(ProviderNotFound):
        await EndPauseHandler(handling=world.handling)(EndPause(provider_id=uuid4()), context())
