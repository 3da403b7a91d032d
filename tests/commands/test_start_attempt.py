import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from msgspec.structs import replace

from commands.start_attempt import LEASE_MARGIN_SECONDS, StartAttempt
from domain.errors import ProviderInactive, RunNotFound
from domain.install_run.events import ProviderStarted, RunQueued, RunStarted, TicketTaken
from domain.install_run.policy import Policy
from domain.installation.events import Receipt
from domain.installation.state import Live, installation_stream
from domain.ports import Intent
from domain.provider.events import ProviderActivated, ProviderDeactivated
from domain.provider.state import provider_stream
from tests.commands.stores import Uneven
from tests.commands.world import NAME, RECEIPT, SKILL_ID, World, failed, names, succeeded
from tests.kit.facts import NOON, context

pytestmark = pytest.mark.anyio

INSTALLERS = 20
OPENAI_ID = provider_stream("openai")
INSTALLATION_ID = installation_stream(SKILL_ID, OPENAI_ID)


async def test_a_ticket_gives_the_right_to_act_and_all_that_acting_needs(world: World) -> None:
    queued = await world.queue("openai", policy=Policy(attempt_timeout_seconds=5))
    world.pass_time(60)
    attempt = await world.start(queued.run_id)
    assert attempt is not None
    now = NOON + timedelta(seconds=60)
    run, *started = await world.store.load(queued.run_id)
    assert [event.event for event in started] == [
        RunStarted(),
        ProviderStarted(
            provider_id=OPENAI_ID,
            attempt_id=attempt.attempt_id,
            attempt=1,
            since=now,
            lease_until=now + timedelta(seconds=5 + LEASE_MARGIN_SECONDS),
        ),
    ]
    assert isinstance(run.event, RunQueued)
    assert attempt.intent == Intent(
        installation_id=INSTALLATION_ID,
        run_id=queued.run_id,
        attempt_id=attempt.attempt_id,
        skill_name=NAME,
        version=1,
        digest=run.event.skill.digest,
        since=now,
        previous=None,
    )
    assert (attempt.run_id, attempt.provider_id) == (queued.run_id, OPENAI_ID)
    assert (attempt.provider.name, attempt.provider.active) == ("openai", True)
    assert (attempt.live, attempt.deadline_seconds, attempt.caused_by) == (None, 5, started[-1].id)
    assert [file.path for file in await world.bundles.get(attempt.manifest)] == ["SKILL.md"]


async def test_a_second_ticket_of_the_same_target_gives_nothing(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    assert await world.start(run_id) is not None
    before = await world.store.head()
    for process in (world, world.another_process()):
        assert await process.start(run_id) is None
    assert await world.store.head() == before


@pytest.mark.parametrize("seed", range(3))
async def test_of_many_installers_with_the_same_ticket_one_gets_the_attempt(seed: int) -> None:
    store = Uneven(seed)
    world = World(store)
    await world.register()
    await world.connect("openai")
    run_id = (await world.queue("openai")).run_id
    installers = [World(store) for _ in range(INSTALLERS)]
    attempts = await asyncio.gather(*(installer.start(run_id) for installer in installers))
    (attempt,) = [attempt for attempt in attempts if attempt is not None]
    _, _, started = await world.events(run_id)
    assert isinstance(started, ProviderStarted)
    assert started.attempt_id == attempt.attempt_id


async def test_every_target_of_a_run_starts_once_and_the_run_with_the_first(world: World) -> None:
    run_id = (await world.queue("openai", "backup")).run_id
    processes = [world, world.another_process()]
    starts = [process.start(run_id, name) for process in processes for name in ("openai", "backup")]
    attempts = await asyncio.gather(*starts)
    assert sorted(attempt.provider.name for attempt in attempts if attempt is not None) == ["backup", "openai"]
    assert names(await world.events(run_id)) == ["RunQueued", "RunStarted", "ProviderStarted", "ProviderStarted"]


@pytest.mark.parametrize("end", [succeeded, failed])
async def test_a_ticket_of_a_target_that_has_ended_gives_nothing(world: World, end: type) -> None:
    run_id = (await world.queue("openai", "backup")).run_id
    attempt = await world.start(run_id)
    assert attempt is not None
    await world.settle(end(attempt), run_id=run_id)
    for process in (world, world.another_process()):
        assert await process.start(run_id) is None


async def test_a_run_that_waits_in_line_may_not_start(world: World) -> None:
    first = await world.queue("openai")
    await world.register("two")
    second = await world.queue("openai")
    assert await world.start(second.run_id) is None
    await world.carry_out(first.run_id)
    assert await world.start(second.run_id) is not None


async def test_a_provider_that_is_no_target_may_not_be_called(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    assert await world.start(run_id, "backup") is None
    other = await world.register(name="plain-english")
    assert other.version == 1
    await world.queue("backup", skill="plain-english")
    assert await world.start(run_id, "backup") is None


async def test_a_run_that_does_not_exist_is_not_found(world: World) -> None:
    for stream in (uuid4(), SKILL_ID, OPENAI_ID, INSTALLATION_ID):
        with pytest.raises(RunNotFound):
            await world.start(stream)


async def test_an_attempt_knows_what_is_live_before_it(world: World) -> None:
    first = await world.carry_out((await world.queue("openai")).run_id)
    await world.register("two")
    attempt = await world.start((await world.queue("openai")).run_id)
    assert attempt is not None
    assert attempt.live == Live(
        run_id=first.run_id,
        skill_id=SKILL_ID,
        provider_id=OPENAI_ID,
        version=1,
        digest=first.intent.digest,
        receipt=RECEIPT,
    )
    assert (attempt.intent.previous, attempt.intent.version) == (RECEIPT, 2)
    assert isinstance(attempt.intent.previous, Receipt)
    assert attempt.intent.digest != first.intent.digest


async def test_an_attempt_looks_back_to_where_the_doubt_began(world: World) -> None:
    """What an earlier attempt sent without learning the outcome may still turn up: look from its beginning on."""
    doubtful = await world.start((await world.queue("openai")).run_id)
    assert doubtful is not None
    world.pass_time(10)
    await world.settle(failed(doubtful, ambiguous=True), run_id=doubtful.run_id)
    world.pass_time(10)
    still = await world.start((await world.queue("openai")).run_id)
    assert still is not None
    assert still.intent.since == doubtful.intent.since == NOON
    assert (doubtful.doubts, still.doubts) == ((), (still.intent,))


async def test_doubt_outlives_a_success_until_it_is_swept(world: World) -> None:
    """What an attempt sent before may still be carried out after the next one has succeeded."""
    doubtful = await world.start((await world.queue("openai")).run_id)
    assert doubtful is not None
    await world.settle(failed(doubtful, ambiguous=True), run_id=doubtful.run_id)
    world.pass_time(10)
    await world.carry_out((await world.queue("openai")).run_id)
    await world.register("two")
    after = await world.start((await world.queue("openai")).run_id)
    assert after is not None
    assert (after.intent.since, after.intent.version) == (NOON, 2)
    assert [doubt.version for doubt in after.doubts] == [1]


async def test_an_attempt_knows_every_version_that_may_be_there_without_anybody_knowing(world: World) -> None:
    """Also when another one is asked for now: what is found of them is one too many then."""
    first = await world.start((await world.queue("openai")).run_id)
    assert first is not None
    await world.settle(failed(first, ambiguous=True), run_id=first.run_id)
    await world.register("two")
    second = await world.start((await world.queue("openai")).run_id)
    assert second is not None
    (doubt,) = second.doubts
    assert (doubt.version, doubt.digest) == (1, first.intent.digest)
    assert doubt == replace(second.intent, version=1, digest=first.intent.digest)
    await world.settle(failed(second, ambiguous=True), run_id=second.run_id)
    third = await world.start((await world.queue("openai")).run_id)
    assert third is not None
    assert [doubt.version for doubt in third.doubts] == [1, 2]
    assert third.intent in third.doubts


async def test_an_attempt_knows_under_which_receipt_the_version_was_there_before(world: World) -> None:
    first = await world.carry_out((await world.queue("openai")).run_id)
    assert first.former is None
    await world.register("two")
    second = await world.carry_out((await world.queue("openai")).run_id)
    assert second.former is None
    back = await world.start((await world.queue("openai", ref="1")).run_id)
    assert back is not None
    assert (back.former, back.intent.version) == (RECEIPT, 1)


async def test_an_uninstall_knows_what_it_removes(world: World) -> None:
    installed = await world.carry_out((await world.queue("openai")).run_id)
    removing = await world.carry_out((await world.uninstall()).run_id)
    assert (installed.removes, removing.removes) == (False, True)
    assert removing.live is not None
    assert removing.intent.previous == RECEIPT


async def test_at_a_connection_out_of_use_nothing_starts_until_it_is_back(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    await world.happen_to("openai", ProviderDeactivated(requested=True))
    before = await world.store.head()
    for process in (world, world.another_process()):
        with pytest.raises(ProviderInactive):
            await process.start(run_id)
    assert await world.store.head() == before
    await world.happen_to("openai", ProviderActivated())
    assert await world.start(run_id) is not None


async def test_a_start_and_a_deactivation_at_once_come_one_after_the_other() -> None:
    """Once a connection is out of use nothing starts there, also not in a process that has not heard of it."""
    for seed in range(5):
        world = World(Uneven(seed))
        await world.register()
        await world.connect("openai")
        run_id = (await world.queue("openai")).run_id
        installer = World(world.store)
        await asyncio.gather(
            installer.start(run_id),
            world.happen_to("openai", ProviderDeactivated(requested=True)),
            return_exceptions=True,
        )
        happened = names(await world.events())
        if "ProviderStarted" in happened:
            assert happened.index("ProviderStarted") < happened.index("ProviderDeactivated")


async def test_an_installer_that_remembers_fewer_versions_gets_those_that_came_since(world: World) -> None:
    installer = world.another_process()
    await installer.carry_out((await world.queue("openai")).run_id)
    await world.register("two")
    for name in ("backup", "openai"):
        attempt = await installer.start((await world.queue(name)).run_id, name)
        assert attempt is not None
        (skill_md,) = await world.bundles.get(attempt.manifest)
        assert skill_md.content.endswith(b"two\n")


async def test_the_ticket_by_which_it_came_is_on_record(world: World) -> None:
    queued = await world.queue("openai")
    ticket = TicketTaken(sequence=7, deliveries=2, issued_at=NOON)
    command = StartAttempt(run_id=queued.run_id, provider_id=OPENAI_ID, ticket=ticket)
    assert await world.start_attempt(command, context()) is not None
    (started,) = [event for event in await world.events(queued.run_id) if isinstance(event, ProviderStarted)]
    assert started.ticket == ticket
