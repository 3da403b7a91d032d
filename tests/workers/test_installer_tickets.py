"""What becomes of tickets: one for nothing, too many of them, and those that come while the store is away or broken."""

from uuid import UUID, uuid4

import pytest
import structlog
from msgspec.structs import replace
from structlog.testing import capture_logs

from adapters.memory.event_store import MemoryEventStore
from commands.expire_lease import ExpireLease, ExpireLeaseHandler
from domain.events import Recorded
from domain.install_run.events import ProviderStarted, ProviderSucceeded, TicketTaken
from domain.installation.events import InstallationReceiptLate
from domain.ports import Append
from domain.provider.state import provider_stream
from tests.commands.stores import Unplugged
from tests.commands.world import names
from tests.kit.facts import NOON, context
from tests.kit.waiting import eventually
from tests.workers.installing import ACK, SECONDS_MAX, Installing, only
from workers import ticket_handling
from workers.calling import AGAIN_SECONDS
from workers.ticket_handling import MENDED_SECONDS

pytestmark = pytest.mark.anyio

OPENAI = provider_stream("openai")


async def connected(store: MemoryEventStore) -> Installing:
    installing = Installing(store)
    await installing.connect()
    return installing


async def test_a_ticket_for_a_run_that_nobody_knows_is_refused() -> None:
    installing = await connected(MemoryEventStore())
    await installing.queue()
    (ticket,) = installing.tickets.take(OPENAI, 1)
    installing.tickets.put(replace(ticket.ticket, run_id=uuid4()))
    async with installing.working():
        await installing.answered(("refuse", "No install run has this id."))
    assert installing.provider.calls == []


async def test_one_target_is_called_once_however_often_its_ticket_comes() -> None:
    """Also to two installers at the same moment."""
    installing = await connected(MemoryEventStore())
    run_id = await installing.queue()
    (ticket,) = installing.tickets.take(OPENAI, 1)
    installing.provider.gates["openai"].clear()
    async with installing.working(installing.world.another_process()):
        installing.tickets.put(*[ticket.ticket] * 6)
        await installing.answered(*[ACK] * 6)
        installing.provider.gates["openai"].set()
        events = await installing.ended(run_id)
        installing.tickets.put(ticket.ticket)
        await installing.answered(*[ACK] * 7)
    assert names(events).count("ProviderStarted") == 1
    assert installing.provider.calls == ["install"]


async def test_with_the_store_away_a_ticket_comes_later() -> None:
    store = Unplugged()
    installing = await connected(store)
    run_id = await installing.queue()
    store.away = True
    async with installing.working():
        await installing.answered(("later", AGAIN_SECONDS))
        store.away = False
        installing.tickets.pass_time()
        events = await installing.ended(run_id)
    assert names(events)[-1] == "RunSucceeded"
    assert only(events, ProviderStarted).ticket == TicketTaken(sequence=1, deliveries=2, issued_at=NOON)
    assert installing.tickets.answers == [("later", AGAIN_SECONDS), ACK]
    assert installing.provider.calls == ["install"]


async def test_what_the_provider_did_is_recorded_when_the_store_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_handling, "AGAIN_SECONDS", 0.01)
    store = Unplugged()
    installing = await connected(store)
    run_id = await installing.queue()
    installing.provider.gates["openai"].clear()
    async with installing.working():
        await installing.calls_under_way(1)
        store.away, store.tried = True, 0
        installing.provider.gates["openai"].set()

        async def tried_often() -> bool:
            return store.tried > 3

        await eventually(tried_often, SECONDS_MAX)
        store.away = False
        events = await installing.ended(run_id)
    assert names(events)[-2:] == ["ProviderSucceeded", "RunSucceeded"]
    assert installing.provider.calls == ["install"]


class Mistaken(MemoryEventStore):
    """While it is `wrong` it fails as no store should."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong = False

    async def load(self, stream: UUID) -> tuple[Recorded, ...]:
        self._fail()
        return await super().load(stream)

    async def append(self, append: Append) -> tuple[Recorded, ...]:
        self._fail()
        return await super().append(append)

    def _fail(self) -> None:
        if self.wrong:
            raise RuntimeError("broken on purpose")


async def test_what_somebody_has_to_mend_is_logged_and_the_ticket_kept() -> None:
    store = Mistaken()
    installing = await connected(store)
    run_id = await installing.queue()
    store.wrong = True
    with capture_logs(processors=(structlog.contextvars.merge_contextvars,)) as logs:
        async with installing.working():
            await installing.answered(("later", MENDED_SECONDS))
            store.wrong = False
            installing.tickets.pass_time()
            assert names(await installing.ended(run_id))[-1] == "RunSucceeded"
    broken = [line for line in logs if line["event"] == "ticket_broke"]
    assert [(line["subject"], line["run_id"]) for line in broken] == [(str(run_id), str(run_id))]


async def test_what_a_worker_did_after_it_had_lost_its_lease_is_noted() -> None:
    """Its attempt is over, the next one finds what it did."""
    installing = await connected(MemoryEventStore())
    run_id = await installing.queue()
    installing.provider.gates["openai"].clear()
    expire = ExpireLeaseHandler(handling=installing.world.handling)
    with capture_logs() as logs:
        async with installing.working():
            await installing.calls_under_way(1)
            installing.world.pass_time(1_000)
            assert await expire(ExpireLease(run_id=run_id, provider_id=OPENAI), context())
            installing.provider.gates["openai"].set()

            async def came_late() -> bool:
                return any(line["event"] == "attempt_came_late" for line in logs)

            await eventually(came_late, SECONDS_MAX)
            installing.world.pass_time(60)
            events = await installing.ended(run_id)
    (kept,) = installing.provider.shelf
    assert only(await installing.world.events(), InstallationReceiptLate).receipt == kept.receipt
    assert only(events, ProviderSucceeded).adopted


async def test_an_outcome_that_cannot_be_recorded_is_logged() -> None:
    store = Mistaken()
    installing = await connected(store)
    run_id = await installing.queue()
    installing.provider.gates["openai"].clear()
    with capture_logs() as logs:
        async with installing.working():
            await installing.calls_under_way(1)
            store.wrong = True
            installing.provider.gates["openai"].set()
    assert [line["run_id"] for line in logs if line["event"] == "attempt_not_recorded"] == [str(run_id)]
