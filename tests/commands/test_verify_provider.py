import asyncio
from functools import partial

import pytest

from domain.errors import Busy, Code, ProviderNotFound, StoreOffline
from domain.ports import ProviderError
from tests.commands.connections import AWAY, OPENAI_ID, OTHER_KEY, REFUSED, Connections, in_use
from tests.commands.stores import Unplugged
from tests.kit.memory_provider import KEY

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("provider", ["openai", str(OPENAI_ID)])
async def test_a_connection_that_answers_stays_in_use(provider: str) -> None:
    world = await in_use()
    head = await world.store.head()
    assert await world.verify(provider) == OPENAI_ID
    assert await world.said_since(head) == ["ProviderVerified"]
    assert world.told.open_count == 0


async def test_one_that_is_refused_goes_out_of_use_and_comes_back_when_it_answers() -> None:
    world = await in_use()
    head = await world.store.head()
    world.told.failure = REFUSED
    await world.verify()
    assert not (await world.state()).active
    world.told.failure = None
    await world.verify()
    assert (await world.state()).active
    assert await world.said_since(head) == [
        "ProviderVerificationFailed",
        "ProviderDeactivated",
        "ProviderVerified",
        "ProviderActivated",
    ]


@pytest.mark.parametrize(
    "code", [Code.PROVIDER_OFFLINE, Code.PROVIDER_TIMEOUT, Code.PROVIDER_RATE_LIMIT, Code.PROVIDER_OVERLOADED]
)
async def test_a_failure_that_passes_is_recorded_and_takes_nothing_out_of_use(code: Code) -> None:
    world = await in_use()
    head = await world.store.head()
    world.told.failure = ProviderError(code, "Not now.", retryable=True)
    await world.verify()
    assert await world.said_since(head) == ["ProviderVerificationFailed"]
    assert (await world.state()).active


async def test_what_a_person_put_away_is_verified_and_stays_away() -> None:
    world = await in_use()
    await world.change(active=False)
    head = await world.store.head()
    await world.verify()
    assert await world.said_since(head) == ["ProviderVerified"]
    assert not (await world.state()).active


async def test_what_is_not_there_is_not_asked() -> None:
    world = await in_use()
    with pytest.raises(ProviderNotFound, match="nobody"):
        await world.verify("nobody")
    assert world.told.asked == []


async def test_what_a_provider_says_of_former_settings_is_dropped_and_it_is_asked_again() -> None:
    """The old key is refused while somebody puts the new one in: the new one must not pay for it."""
    world = await in_use()
    other = world.another_process()
    world.told.failure = REFUSED

    async def replace_the_key() -> None:
        world.told.failure = None
        await other.change(credential=KEY, project="proj-2")

    world.told.meanwhile.append(replace_the_key)
    head = await world.store.head()
    await world.verify()
    assert await world.said_since(head) == [
        "ProviderReconfigured",
        "ProviderCredentialChanged",
        "ProviderVerified",
        "ProviderVerified",
    ]
    assert [asked.project for asked in world.told.asked] == [None, "proj-2"]
    assert (await world.state()).active


async def test_a_success_of_former_settings_does_not_speak_for_new_ones() -> None:
    world = await in_use()
    other = world.another_process()
    world.told.meanwhile.append(lambda: other.change(credential=OTHER_KEY))
    await world.verify()
    assert not (await world.state()).active
    assert (await world.events())[-1].__class__.__name__ == "ProviderVerificationFailed"


async def test_places_may_change_while_it_is_asked() -> None:
    world = await in_use()
    world.told.meanwhile.append(lambda: world.another_process().change(concurrency_max=9))
    await world.verify()
    assert len(world.told.asked) == 1
    assert (await world.state()).concurrency_max == 9


async def test_settings_that_keep_changing_end_it() -> None:
    world = await in_use()
    other = world.another_process()
    for project in ("a", "b", "c", "d"):
        world.told.meanwhile.append(partial(other.change, project=project))
    with pytest.raises(Busy):
        await world.verify()
    assert len(world.told.asked) == 3


async def test_several_verifications_at_once_leave_it_as_one_does() -> None:
    world = await in_use()
    await asyncio.gather(*(one.verify() for one in (world, world, world.another_process())))
    assert (await world.state()).active


async def test_a_store_that_goes_away_meanwhile_leaves_what_can_be_verified_later() -> None:
    store = Unplugged()
    world = Connections(store)

    async def pull_the_plug() -> None:
        store.away = True

    world.told.meanwhile.append(pull_the_plug)
    with pytest.raises(StoreOffline):
        await world.connect(credential=KEY)
    store.away = False
    assert not (await world.state()).active
    await world.verify()
    assert (await world.state()).active
    world.told.meanwhile.append(pull_the_plug)
    with pytest.raises(StoreOffline):
        await world.change(credential=OTHER_KEY)
    store.away = False
    world.told.failure = AWAY
    await world.verify()
    assert not (await world.state()).active
