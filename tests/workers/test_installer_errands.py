"""What an installer does besides installing: it verifies connections and sweeps; and it leaves alone those that are on hold."""

import asyncio
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from adapters.nats.messages import Ticket, TicketKind
from commands.sweep_installation import ROUND_LAST
from domain.errors import Code
from domain.install_run.policy import Policy
from domain.installation.events import InstallationSwept, Receipt
from domain.ports import Intent, ProviderAdapter, ProviderError, Standing
from domain.provider.events import ProviderKind, ProviderPaused, ProviderResumed, ProviderVerified
from domain.provider.state import Provider, provider_stream
from domain.timers import TimerName
from tests.commands.world import names
from tests.kit.facts import NOON
from tests.kit.shelf_provider import Fault, ShelfAdapter, ShelfGateway
from tests.kit.waiting import eventually
from tests.workers.attempts import INSTALLATION, LOST, digest_of, on_shelf
from tests.workers.installing import ACK, SECONDS_MAX, Installing, only
from workers import installer
from workers.calling import AGAIN_SECONDS
from workers.ticket_handling import INSTALLER, OUT_OF_USE_SECONDS, WORK_AGAIN_SECONDS, WORK_DELIVERIES_MAX

pytestmark = pytest.mark.anyio

OPENAI = provider_stream("openai")


@pytest.fixture
async def installing() -> Installing:
    installing = Installing()
    await installing.connect()
    return installing


def ticket(kind: TicketKind, *, provider_id: UUID = OPENAI, installation_id: UUID | None = None) -> Ticket:
    return Ticket(
        kind=kind,
        provider_id=provider_id,
        installation_id=installation_id,
        event_id=uuid4(),
        position=1,
        request_id="request-1",
        correlation_id=uuid4(),
        issued_at=NOON,
    )


async def test_a_connection_is_verified_when_a_ticket_says_so(installing: Installing) -> None:
    asked = ticket("verify")
    installing.tickets.put(asked)
    async with installing.working():
        await installing.answered(ACK)
    (recorded,) = (await installing.recorded(OPENAI))[-1:]
    assert isinstance(recorded.event, ProviderVerified)
    assert (recorded.actor, recorded.causation_id) == (INSTALLER, asked.event_id)
    assert (recorded.request_id, recorded.correlation_id) == (asked.request_id, asked.correlation_id)


@pytest.mark.parametrize("kind", ["install", "sweep"])
async def test_a_ticket_that_does_not_say_what_it_is_for_is_refused(installing: Installing, kind: TicketKind) -> None:
    installing.tickets.put(ticket(kind))
    async with installing.working():
        await installing.answered(("refuse", "it does not say what it is for"))


async def test_a_connection_that_the_store_does_not_know_is_not_verified(installing: Installing) -> None:
    stranger = replace(installing.connections[0], provider_id=uuid4())
    installing.connections.append(stranger)
    installing.tickets.put(ticket("verify", provider_id=stranger.provider_id))
    async with installing.working():
        await installing.answered(("refuse", f"No connection has the id or name {stranger.provider_id}."))


async def doubtful(installing: Installing) -> Receipt:
    """Installed after an attempt that got lost, which is carried out only now."""
    installing.provider.faults.append(Fault(error=LOST))
    run_id = await installing.queue(policy=Policy(backoff_seconds=0))
    async with installing.working():
        await installing.ended(run_id)
    return installing.provider.keep(await digest_of(installing, 1))


async def test_what_arrives_late_is_swept_when_its_timer_is_due(installing: Installing) -> None:
    extra = await doubtful(installing)
    assert installing.look_after(TimerName.SWEEP) == 0
    installing.world.pass_time(3)
    installing.tickets.answers.clear()
    assert installing.look_after(TimerName.SWEEP) == 1
    async with installing.working():
        await installing.answered(ACK)
    swept = only(await installing.world.events(), InstallationSwept)
    assert (swept.discarded, swept.settled) == ((extra,), False)
    assert len(on_shelf(installing)) == 1


class Deaf(ShelfGateway):
    """Says nothing of what is there."""

    async def open(self, provider: Provider, *, deadline_seconds: float) -> ProviderAdapter:
        await super().open(provider, deadline_seconds=deadline_seconds)
        return DeafAdapter(self, provider.name)


class DeafAdapter(ShelfAdapter):
    async def status(self, _: Receipt) -> Standing:
        raise ProviderError(Code.PROVIDER_OFFLINE, "No answer.", retryable=True)

    async def find(self, _: Intent) -> tuple[Receipt, ...]:
        raise ProviderError(Code.PROVIDER_OFFLINE, "No answer.", retryable=True)


async def test_a_sweep_that_gets_no_answer_is_tried_again_and_not_for_ever(installing: Installing) -> None:
    await doubtful(installing)
    installing.provider = Deaf(lambda: installing.world.now)
    installing.world.pass_time(3)
    installing.tickets.answers.clear()
    installing.look_after(TimerName.SWEEP)
    expected: list[tuple[str, object]] = [("later", WORK_AGAIN_SECONDS)] * (WORK_DELIVERIES_MAX - 1)
    with capture_logs() as logs:
        async with installing.working():
            for count in range(1, WORK_DELIVERIES_MAX):
                await installing.answered(*expected[:count])
                installing.tickets.pass_time()
            await installing.answered(*expected, ACK)
    assert [line["kind"] for line in logs if line["event"] == "work_given_up"] == ["sweep"]


async def test_the_last_sweep_waits_for_the_run_that_is_at_work(installing: Installing) -> None:
    await doubtful(installing)
    installing.provider.gates["openai"].clear()
    await installing.world.register("two")
    run_id = await installing.queue()
    last = replace(ticket("sweep", installation_id=INSTALLATION), round=ROUND_LAST)
    async with installing.working():
        await installing.calls_under_way(1)
        installing.tickets.answers.clear()
        installing.tickets.put(last)
        await installing.answered(("later", AGAIN_SECONDS))
        installing.provider.gates["openai"].set()
        await installing.ended(run_id)
        installing.tickets.pass_time()
        await installing.answered(("later", AGAIN_SECONDS), ACK)
    assert [event.settled for event in await installing.world.events() if isinstance(event, InstallationSwept)] == [
        True
    ]


async def test_at_a_connection_on_hold_nobody_is_called_until_it_is_over(installing: Installing) -> None:
    run_id = await installing.queue()
    await installing.world.happen_to("openai", ProviderPaused(requested=True))
    async with installing.working():
        await installing.answered(("later", OUT_OF_USE_SECONDS))
        assert installing.provider.calls == []
        await installing.world.happen_to("openai", ProviderResumed(requested=True))
        installing.tickets.pass_time()
        assert names(await installing.ended(run_id))[-1] == "RunSucceeded"


async def test_a_connection_is_served_again_as_soon_as_its_pause_is_over(
    installing: Installing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody tells it: it knows when that is."""
    monkeypatch.setattr(installer, "DISCOVER_SECONDS", 600.0)
    connection = installing.connections.pop()
    looked = 0

    class Clocked(Installing):
        async def next_resumption_seconds(self) -> float | None:
            nonlocal looked
            looked += 1
            if looked > 1:
                return None
            self.connections.append(connection)
            return 0.02

    clocked = Clocked(installing.world.store)
    clocked.world = installing.world
    run_id = await clocked.queue()
    async with clocked.working():
        await clocked.ended(run_id)
    assert looked == 2


async def test_a_ticket_that_comes_a_little_early_waits_for_its_time(installing: Installing) -> None:
    installing.provider.faults.append(Fault(error=LOST))
    run_id = await installing.queue(policy=Policy(backoff_seconds=1))
    (again,) = installing.tickets.take(OPENAI, 1)
    installing.tickets.put(again.ticket, again.ticket)
    async with installing.working():

        async def came_back() -> bool:
            return [word for word, _ in installing.tickets.answers] == ["ack", "later"]

        await eventually(came_back, SECONDS_MAX)
        assert 0 < installing.tickets.answers[-1][1] <= 1
        installing.world.pass_time(1)
        installing.tickets.pass_time()
        await installing.ended(run_id)


class Loading(Installing):
    """An SDK is being loaded, which takes a second."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.loaded = asyncio.Event(), asyncio.Event()

    async def prepare(self, kind: ProviderKind) -> None:
        self.begun.set()
        await self.loaded.wait()


async def test_a_stop_hands_back_the_tickets_for_which_nothing_was_begun() -> None:
    installing = Loading()
    await installing.connect()
    run_id = await installing.queue()
    stopping = asyncio.Event()
    running = asyncio.create_task(installing.installer(installing.world).run(stopping))
    async with asyncio.timeout(SECONDS_MAX):
        await installing.begun.wait()
        stopping.set()

        async def heard() -> bool:
            return installing.tickets.sources_open == 0

        await eventually(heard, SECONDS_MAX)
        installing.loaded.set()
        await running
    assert installing.tickets.answers == [("later", 0)]
    assert installing.tickets.waiting(OPENAI) == 1
    assert names([recorded.event for recorded in await installing.recorded(run_id)]) == ["RunQueued"]


class Endless(ShelfGateway):
    """A provider that is asked whether a connection works, and does not say."""

    async def open(self, provider: Provider, *, deadline_seconds: float) -> ProviderAdapter:
        await super().open(provider, deadline_seconds=deadline_seconds)
        return EndlessAdapter(self, provider.name)


class EndlessAdapter(ShelfAdapter):
    async def verify(self) -> None:
        async with self._gateway.place(self._connection):
            await asyncio.Event().wait()


async def test_a_stop_hands_back_what_is_cut_short(installing: Installing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installer, "GRACE_SECONDS", 0.01)
    monkeypatch.setattr(installer, "RECORD_SECONDS", 0.01)
    installing.provider = Endless(lambda: installing.world.now)
    installing.tickets.put(ticket("verify"))
    async with installing.working():
        await installing.calls_under_way(1)
    assert installing.tickets.answers == [("later", 0)]
