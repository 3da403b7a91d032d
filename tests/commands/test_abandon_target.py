"""What waits for a connection that was refused fails with it, unless somebody brings the connection back."""

from uuid import UUID, uuid4

import pytest

from commands.abandon_target import AbandonTarget, AbandonTargetHandler
from domain.errors import Code, ProviderNotFound, RunNotFound
from domain.install_run.events import ProviderGivenUp, ProviderRollbackFailed, RollbackRequested, RunFailed, Undo
from domain.install_run.policy import Policy
from domain.provider.events import ProviderActivated, ProviderDeactivated, ProviderEvent, ProviderVerificationFailed
from domain.provider.state import provider_stream
from tests.commands.world import World, names
from tests.kit.facts import context

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")
REFUSED: tuple[ProviderEvent, ...] = (
    ProviderVerificationFailed(code=Code.PROVIDER_UNAUTHORIZED, message="Incorrect API key."),
    ProviderDeactivated(),
)


async def abandon(world: World, run_id: UUID, provider: str = "openai") -> bool:
    handler = AbandonTargetHandler(handling=world.handling)
    return await handler(AbandonTarget(run_id=run_id, provider_id=provider_stream(provider)), context())


async def test_a_target_that_waits_fails_with_the_connections_own_reason(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    await world.happen_to("openai", *REFUSED)
    before = len(await world.events())
    assert await abandon(world, run_id)
    given_up, _, ended = (await world.events())[before:]
    assert given_up == ProviderGivenUp(
        provider_id=OPENAI_ID,
        code=Code.PROVIDER_UNAUTHORIZED,
        message="The connection openai is out of use. Incorrect API key.",
    )
    assert ended == RunFailed(failures={Code.PROVIDER_UNAUTHORIZED: 1})
    assert world.store.timers == {}


async def test_one_that_waits_for_its_retry_fails_too(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    await world.fail(run_id, code=Code.PROVIDER_OVERLOADED, retryable=True)
    await world.happen_to("openai", *REFUSED)
    assert await abandon(world, run_id)
    assert (await world.events())[-1] == RunFailed(failures={Code.PROVIDER_UNAUTHORIZED: 1})


async def test_all_or_nothing_takes_back_what_the_others_did(world: World) -> None:
    run_id = (await world.queue("openai", "backup", policy=Policy(mode="all_or_nothing"))).run_id
    await world.carry_out(run_id, "backup")
    await world.happen_to("openai", *REFUSED)
    assert await abandon(world, run_id)
    (requested,) = [event for event in await world.events() if isinstance(event, RollbackRequested)]
    assert requested == RollbackRequested(undoes=(Undo(provider_id=provider_stream("backup")),))


async def test_what_should_have_been_undone_there_is_said_to_be_there_still(world: World) -> None:
    run_id = (await world.queue("openai", "backup", policy=Policy(mode="all_or_nothing"))).run_id
    await world.carry_out(run_id)
    await world.fail(run_id, "backup")
    await world.happen_to("openai", *REFUSED)
    assert await abandon(world, run_id)
    failed = [event for event in await world.events() if isinstance(event, ProviderRollbackFailed)]
    assert [(event.provider_id, event.code) for event in failed] == [(OPENAI_ID, Code.PROVIDER_UNAUTHORIZED)]
    assert names(await world.events())[-1] == "RunPartiallyFailed"


@pytest.mark.parametrize(
    "back",
    [
        (*REFUSED, ProviderActivated()),
        (ProviderDeactivated(requested=True),),
        (*REFUSED, ProviderDeactivated(requested=True)),
    ],
    ids=["in use again", "put away by a person", "refused and then put away"],
)
async def test_what_a_person_has_decided_about_or_what_works_again_is_waited_for(
    world: World, back: tuple[ProviderEvent, ...]
) -> None:
    run_id = (await world.queue("openai")).run_id
    await world.happen_to("openai", *back)
    before = await world.events()
    assert not await AbandonTargetHandler(handling=world.handling).is_lost(OPENAI_ID, context())
    assert not await abandon(world, run_id)
    assert await world.events() == before


async def test_a_target_that_is_under_way_is_left_to_its_attempt(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    await world.start(run_id)
    await world.happen_to("openai", *REFUSED)
    before = await world.events()
    assert await AbandonTargetHandler(handling=world.handling).is_lost(OPENAI_ID, context())
    assert not await abandon(world, run_id)
    assert await world.events() == before


async def test_a_connection_that_comes_back_in_another_process_is_noticed(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    await world.happen_to("openai", *REFUSED)
    assert await AbandonTargetHandler(handling=world.handling).is_lost(OPENAI_ID, context())
    await world.another_process().happen_to("openai", ProviderActivated())
    assert not await abandon(world, run_id)
    assert names(await world.events())[-1] == "ProviderActivated"


async def test_what_is_not_known_is_refused(world: World) -> None:
    await world.happen_to("openai", *REFUSED)
    with pytest.raises(RunNotFound):
        await abandon(world, uuid4())
    with pytest.raises(ProviderNotFound):
        await abandon(world, uuid4(), "nobody")
