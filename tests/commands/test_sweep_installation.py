"""What is carried out long after it was given up is found and removed; what belongs there stays."""

from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from commands.sweep_installation import ROUND_LAST, SweepInstallation, SweepInstallationHandler
from domain.errors import Busy, Code, ProviderInactive, ProviderOnHold
from domain.events import Event
from domain.install_run.policy import Policy
from domain.installation.events import (
    InstallationDriftFound,
    InstallationSwept,
    InstallationVerified,
    Receipt,
)
from domain.installation.state import INSTALLATION, Installation, installation_stream
from domain.ports import Intent, ProviderAdapter, ProviderError, Standing
from domain.provider.events import ProviderDeactivated, ProviderPaused
from domain.provider.state import Provider, provider_stream
from tests.commands.world import SKILL_ID, World, failed, succeeded
from tests.kit.facts import NOON, context
from tests.kit.shelf_provider import ShelfAdapter, ShelfGateway

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")
PAIR = installation_stream(SKILL_ID, OPENAI_ID)


class Sweeping:
    """Runs at a provider that remembers, where one thing can be put at a time; `arrive` is what was given up and comes late."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.shelf = Meddled(lambda: world.now)
        self._sweep = SweepInstallationHandler(handling=world.handling, gateway=self.shelf)

    async def install(self, *, doubtful: bool = False, ref: str = "latest") -> Receipt:
        """A run that succeeds; `doubtful`: after an attempt whose outcome nobody knows."""
        run_id = (await self.world.queue("openai", ref=ref)).run_id
        if doubtful:
            await self.world.fail(run_id, code=Code.PROVIDER_TIMEOUT, retryable=True, ambiguous=True)
            self.world.pass_time(60)
        attempt = await self.world.start(run_id)
        assert attempt is not None
        receipt = self.shelf.keep(attempt.intent.digest, attempt.intent.previous)
        await self.world.settle(
            succeeded(attempt, receipt=receipt), run_id=run_id, version=attempt.intent.version, since=NOON
        )
        return receipt

    async def arrive(self, version: int, *, upon: Receipt | None = None) -> Receipt:
        """The bytes of the version, as a version of what is there or beside it."""
        run_id = (await self.world.queue("backup", ref=str(version))).run_id
        attempt = await self.world.start(run_id, "backup")
        assert attempt is not None
        await self.world.settle(failed(attempt), run_id=run_id)
        return self.shelf.keep(attempt.intent.digest, upon)

    async def sweep(self, round_number: int = 0) -> list[Event]:
        before = await self.world.store.head()
        command = SweepInstallation(installation_id=PAIR, provider_id=OPENAI_ID, round=round_number)
        try:
            await self._sweep(command, context())
        finally:
            assert self.shelf.open_count == 0
        return await self.world.since(before)

    async def state(self) -> Installation:
        state = INSTALLATION.fold(await self.world.store.load(PAIR))
        assert state is not None
        return state

    @property
    def there(self) -> list[Receipt]:
        return [kept.receipt for kept in self.shelf.shelf]


class Meddled(ShelfGateway):
    """`meanwhile` happens once, while it is looked; `stubborn`: it discards nothing."""

    meanwhile: Callable[[], Awaitable[None]] | None = None
    stubborn = False

    async def open(self, provider: Provider, *, deadline_seconds: float) -> ProviderAdapter:
        await super().open(provider, deadline_seconds=deadline_seconds)
        return MeddledAdapter(self, provider.name)


class MeddledAdapter(ShelfAdapter):
    _gateway: Meddled

    async def find(self, intent: Intent) -> tuple[Receipt, ...]:
        found = await super().find(intent)
        if meanwhile := self._gateway.meanwhile:
            self._gateway.meanwhile = None
            await meanwhile()
        return found

    async def discard(self, extra: Receipt) -> None:
        if self._gateway.stubborn:
            raise ProviderError(Code.PROVIDER_OVERLOADED, "Later.", retryable=True)
        await super().discard(extra)


@pytest.fixture
def sweeping(world: World) -> Sweeping:
    return Sweeping(world)


async def test_what_arrives_beside_what_is_live_is_removed(sweeping: Sweeping) -> None:
    live = await sweeping.install(doubtful=True)
    extra = await sweeping.arrive(1)
    run = (await sweeping.state()).doubtful_run
    assert run is not None
    assert await sweeping.sweep() == [
        InstallationSwept(run_id=run, discarded=(extra,)),
        InstallationVerified(run_id=run),
    ]
    assert sweeping.there == [live]
    assert await sweeping.sweep(1) == []
    assert await sweeping.sweep(ROUND_LAST) == [InstallationSwept(run_id=run, settled=True)]
    assert (await sweeping.state()).doubtful_since is None
    sweeping.shelf.calls.clear()
    assert await sweeping.sweep(ROUND_LAST) == []
    assert sweeping.shelf.calls == []


async def test_what_arrives_as_a_version_of_what_is_live_is_removed(sweeping: Sweeping) -> None:
    live = await sweeping.install(doubtful=True)
    extra = await sweeping.arrive(1, upon=live)
    assert extra.remote_id == live.remote_id
    assert sweeping.shelf.in_use[live.remote_id] == extra
    swept, verified = await sweeping.sweep()
    assert isinstance(swept, InstallationSwept)
    assert swept.discarded == (extra,)
    assert isinstance(verified, InstallationVerified)
    assert sweeping.there == [live]


async def test_what_was_live_before_stays_where_it_is(sweeping: Sweeping) -> None:
    """The first version came after the doubt began and is what one would go back to."""
    first = await sweeping.install(doubtful=True)
    await sweeping.world.register("two")
    second = await sweeping.install()
    extra = await sweeping.arrive(1)
    await sweeping.sweep()
    assert sweeping.there == [first, second]
    assert extra not in sweeping.there


async def test_what_a_removal_left_in_doubt_is_removed(sweeping: Sweeping) -> None:
    live = await sweeping.install(doubtful=True)
    run_id = (await sweeping.world.uninstall()).run_id
    attempt = await sweeping.world.start(run_id)
    assert attempt is not None
    sweeping.shelf.remove(live.remote_id)
    await sweeping.world.settle(succeeded(attempt, receipt=live), run_id=run_id, version=None)
    extra = await sweeping.arrive(1)
    (swept,) = await sweeping.sweep()
    assert swept == InstallationSwept(run_id=run_id, discarded=(extra,))
    assert sweeping.there == []


async def test_what_a_failed_run_left_where_nothing_is_live_is_for_the_next_run(sweeping: Sweeping) -> None:
    run_id = (await sweeping.world.queue("openai", policy=Policy(attempts_max=1))).run_id
    await sweeping.world.fail(run_id, code=Code.PROVIDER_TIMEOUT, retryable=True, ambiguous=True)
    extra = await sweeping.arrive(1)
    for number in (0, ROUND_LAST):
        assert await sweeping.sweep(number) == []
    assert sweeping.there == [extra]
    assert sweeping.shelf.calls == []


async def test_without_doubt_nobody_is_asked(sweeping: Sweeping) -> None:
    assert await sweeping.sweep() == []
    await sweeping.install()
    assert await sweeping.sweep(ROUND_LAST) == []
    assert sweeping.shelf.calls == []


async def test_a_run_at_work_is_left_alone_and_the_last_round_comes_again(sweeping: Sweeping) -> None:
    await sweeping.install(doubtful=True)
    await sweeping.arrive(1)
    await sweeping.world.register("two")
    run_id = (await sweeping.world.queue("openai")).run_id
    assert await sweeping.sweep() == []
    with pytest.raises(Busy):
        await sweeping.sweep(ROUND_LAST)
    assert sweeping.shelf.calls == []
    await sweeping.world.cancel(run_id)
    assert len(await sweeping.sweep(ROUND_LAST)) == 2


async def test_what_a_run_that_comes_meanwhile_may_keep_is_left_alone(sweeping: Sweeping) -> None:
    await sweeping.install(doubtful=True)
    await sweeping.arrive(1)

    async def queue() -> None:
        await sweeping.world.another_process().queue("openai")

    for number in (0, ROUND_LAST):
        sweeping.shelf.meanwhile = queue
        if number:
            with pytest.raises(Busy):
                await sweeping.sweep(number)
        else:
            assert [type(event).__name__ for event in await sweeping.sweep()] == ["RunQueued", "InstallationReserved"]
            await sweeping.world.cancel((await sweeping.world.queue("openai")).run_id)
    assert len(sweeping.there) == 2


async def test_a_run_that_comes_meanwhile_may_leave_doubt_of_its_own(sweeping: Sweeping) -> None:
    await sweeping.install(doubtful=True)

    async def queue() -> None:
        await sweeping.world.another_process().queue("openai")

    sweeping.shelf.meanwhile = queue
    with pytest.raises(Busy):
        await sweeping.sweep(ROUND_LAST)
    assert (await sweeping.state()).doubtful_since is not None


async def test_what_became_of_what_is_live_is_said(sweeping: Sweeping) -> None:
    live = await sweeping.install(doubtful=True)
    await sweeping.arrive(1)
    sweeping.shelf.in_use[live.remote_id] = replace(live, remote_version="7")
    swept, drift = await sweeping.sweep()
    assert isinstance(swept, InstallationSwept)
    assert isinstance(drift, InstallationDriftFound)
    assert drift.drift == Standing.CHANGED.value


async def test_what_a_late_call_has_put_out_of_use_is_said_also_if_nothing_is_there_beside_it(
    sweeping: Sweeping,
) -> None:
    live = await sweeping.install(doubtful=True)
    sweeping.shelf.in_use[live.remote_id] = replace(live, remote_version="7")
    (drift,) = await sweeping.sweep()
    assert isinstance(drift, InstallationDriftFound)
    assert drift.drift == Standing.CHANGED.value


async def test_where_nothing_else_stands_what_came_late_is_left_for_the_next_run(sweeping: Sweeping) -> None:
    live = await sweeping.install(doubtful=True)
    late = await sweeping.arrive(1)
    sweeping.shelf.remove(live.remote_id)
    (drift,) = await sweeping.sweep()
    assert isinstance(drift, InstallationDriftFound)
    assert drift.drift == Standing.MISSING.value
    assert await sweeping.sweep(ROUND_LAST) == []
    assert sweeping.there == [late]
    assert (await sweeping.state()).doubtful_since is not None


async def test_a_provider_that_does_not_let_it_is_asked_again(sweeping: Sweeping) -> None:
    await sweeping.install(doubtful=True)
    await sweeping.arrive(1)
    sweeping.shelf.stubborn = True
    with pytest.raises(ProviderError):
        await sweeping.sweep(ROUND_LAST)
    assert (await sweeping.state()).doubtful_since is not None
    sweeping.shelf.stubborn = False
    swept, _ = await sweeping.sweep(ROUND_LAST)
    assert isinstance(swept, InstallationSwept)
    assert swept.settled


async def test_through_a_connection_out_of_use_nobody_is_asked(sweeping: Sweeping) -> None:
    await sweeping.install(doubtful=True)
    await sweeping.world.happen_to("openai", ProviderPaused(requested=True))
    with pytest.raises(ProviderOnHold):
        await sweeping.sweep()
    await sweeping.world.happen_to("openai", ProviderDeactivated(requested=True))
    with pytest.raises(ProviderInactive):
        await sweeping.sweep()
    assert sweeping.shelf.calls == []
