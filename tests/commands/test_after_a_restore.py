"""A store that was set back: the first attempt at every pair looks for what may be forgotten, the next ones do not."""

from datetime import timedelta
from uuid import UUID

import pytest

from commands.check_store import CheckStore, CheckStoreHandler
from commands.restore_store import RestoreStore, RestoreStoreHandler
from commands.start_attempt import Attempt
from domain.installation.events import InstallationDoubted
from domain.installation.state import installation_stream
from domain.provider.state import provider_stream
from domain.store.events import StoreChecked, StoreRestored
from domain.store.state import STORE_STREAM
from tests.commands.world import SKILL_ID, World
from tests.kit.facts import NOON, context

pytestmark = pytest.mark.anyio

SINCE = NOON - timedelta(hours=1)


async def restore(world: World) -> None:
    await RestoreStoreHandler(handling=world.handling)(RestoreStore(since=SINCE), context())


async def begin(world: World, run_id: UUID, provider: str = "openai") -> Attempt:
    attempt = await world.start(run_id, provider)
    assert attempt is not None
    return attempt


def looked_up(attempt: Attempt) -> list[int]:
    return [doubt.version for doubt in attempt.doubts]


async def doubted(world: World, provider: str = "openai") -> list[InstallationDoubted]:
    events = await world.events(installation_stream(SKILL_ID, provider_stream(provider)))
    return [event for event in events if isinstance(event, InstallationDoubted)]


async def test_without_a_restore_nothing_is_looked_for(world: World) -> None:
    attempt = await begin(world, (await world.queue("openai")).run_id)
    assert (attempt.doubts, attempt.intent.since) == ((), NOON)
    assert await doubted(world) == []


async def test_the_first_attempt_at_each_pair_looks_for_what_is_forgotten(world: World) -> None:
    settled = await world.queue("openai")
    await world.carry_out(settled.run_id)
    await restore(world)
    await world.register("two")
    queued = await world.queue("openai", "backup")
    for provider in ("openai", "backup"):
        attempt = await begin(world, queued.run_id, provider)
        assert looked_up(attempt) == [2]
        assert {attempt.intent.since, *(doubt.since for doubt in attempt.doubts)} == {SINCE}
        assert await doubted(world, provider) == [
            InstallationDoubted(run_id=queued.run_id, version=2, since=SINCE, restores=1)
        ]


async def test_the_event_that_gives_the_right_is_still_the_last(world: World) -> None:
    await restore(world)
    queued = await world.queue("openai")
    attempt = await begin(world, queued.run_id)
    assert attempt.caused_by == (await world.store.load(queued.run_id))[-1].id


async def test_a_restore_that_another_process_has_noticed_counts_at_once(world: World) -> None:
    """What this one remembers is that there was none."""
    await world.carry_out((await world.queue("openai")).run_id)
    await restore(world.another_process())
    await world.register("two")
    assert looked_up(await begin(world, (await world.queue("openai")).run_id)) == [2]


async def test_that_the_installations_were_compared_is_said_once(world: World) -> None:
    await restore(world)
    checked = CheckStoreHandler(handling=world.handling)
    for _ in range(2):
        await checked(CheckStore(installations=2, drifted=1, unknown=0), context())
    assert await world.events(STORE_STREAM) == [
        StoreRestored(since=SINCE),
        StoreChecked(installations=2, drifted=1, unknown=0),
    ]
