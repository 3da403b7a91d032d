"""The relay publishes what is in the store: all of it, once, in order, through every outage, and one relay at a time."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest

from adapters.memory.roles import MemoryRoles
from adapters.nats.messages import Ticket
from adapters.nats.streams import EVENTS_AGE_SECONDS_MAX, EVENTS_STREAM, WORK_STREAM, consumer_name
from domain.events import Recorded
from domain.ports import Lease
from tests.kit.jetstream import NatsUnderTest, Stored, running_nats
from tests.kit.relaying import SECONDS_MAX, Gate, Ledger, caught_up, relaying
from tests.kit.waiting import eventually
from workers import relay
from workers.relay import BATCH_MAX, Progress
from workers.tenure import LEASE_SECONDS

pytestmark = pytest.mark.anyio

EPOCH = str(uuid4())
PROVIDER = uuid4()
TOO_OLD = timedelta(seconds=EVENTS_AGE_SECONDS_MAX + 60)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsUnderTest]:
    async with running_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def roles() -> MemoryRoles:
    return MemoryRoles()


async def checkpoint(roles: MemoryRoles) -> int:
    """What a successor would start from; only when nobody holds the role."""
    lease = await roles.acquire(role=relay.ROLE, holder="auditor", seconds=0)
    assert lease is not None
    return lease.position


async def assert_copied(server: NatsUnderTest, ledger: Ledger) -> list[Stored]:
    """The stream holds exactly the events of the store, in its order."""
    stored = await server.events()
    assert [message.headers["ce-id"] for message in stored] == [str(event.id) for event in await ledger.everything()]
    return stored


def of_tickets(stored: list[Stored]) -> list[UUID]:
    return [msgspec.json.decode(message.body, type=Ticket).event_id for message in stored]


def ids(*events: Recorded) -> list[UUID]:
    return [event.id for event in events]


async def test_every_event_arrives_once_and_a_ticket_for_every_slot(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles
) -> None:
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
        await ledger.connect_provider(PROVIDER)
        one, other = await ledger.reserve(PROVIDER), await ledger.reserve(PROVIDER)
        await ledger.finish(one, installed=True)
        await ledger.happen(3)
        await caught_up(progress, ledger.store)
    (first, *_) = stored = await assert_copied(server, ledger)
    assert [message.headers["waybill-position"] for message in stored] == [str(n + 1) for n in range(len(stored))]
    assert first.subject == f"waybill.events.provider.provider_connected.{PROVIDER}"
    assert {message.headers["waybill-store-epoch"] for message in stored} == {EPOCH}
    assert of_tickets(await server.tickets()) == ids(one, other)
    async with server.jetstream() as jetstream:
        assert (await jetstream.consumer_info(WORK_STREAM, consumer_name(PROVIDER))).num_pending == 2


async def test_a_long_backlog_is_published_in_order(server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles) -> None:
    await ledger.happen(BATCH_MAX * 2 + 7)
    slots = [await ledger.reserve(PROVIDER) for _ in range(60)]
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
        assert progress.lag == 0
    await assert_copied(server, ledger)
    assert of_tickets(await server.tickets()) == ids(*slots)
    assert await checkpoint(roles) == await ledger.store.head()


async def test_a_successor_goes_on_where_the_last_one_stopped(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles
) -> None:
    for holder in ("a", "b", "c"):
        await ledger.happen(20)
        await ledger.reserve(PROVIDER)
        async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH, holder=holder) as progress:
            await caught_up(progress, ledger.store)
    await assert_copied(server, ledger)
    assert len(await server.tickets()) == 3


async def test_a_checkpoint_that_was_not_written_costs_no_second_copy(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles
) -> None:
    await ledger.happen(40)
    slot = await ledger.reserve(PROVIDER)
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
    await ledger.happen(5)
    forgetful = MemoryRoles()
    async with relaying(server, log=ledger.store, roles=forgetful, epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
    await assert_copied(server, ledger)
    assert of_tickets(await server.tickets()) == ids(slot)


async def test_a_server_killed_in_the_middle_again_and_again_loses_and_repeats_nothing(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles
) -> None:
    kills = 0
    await ledger.happen(BATCH_MAX)
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
        for _ in range(4):
            before = progress.position
            await ledger.happen(BATCH_MAX * 4)
            await ledger.reserve(PROVIDER)

            async def under_way(before: int = before) -> bool:
                return before < progress.position

            await eventually(under_way, SECONDS_MAX)
            kills += progress.position < await ledger.store.head()
            await server.kill()
            await server.start()
        await caught_up(progress, ledger.store)
    assert kills > 0, "every kill came too late to be in the middle"
    await assert_copied(server, ledger)
    assert len(set(of_tickets(await server.tickets()))) == 4


async def test_without_nats_it_waits_with_a_reason_and_then_goes_on(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles
) -> None:
    await server.kill()
    await ledger.happen(10)
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:

        async def waiting() -> bool:
            return progress.state == "waiting" and progress.lag == 10

        await eventually(waiting, SECONDS_MAX)
        assert progress.reason == "not connected"
        await server.start()
        await caught_up(progress, ledger.store)
        assert progress.lag == 0
    await assert_copied(server, ledger)


async def test_without_the_store_it_waits_and_then_goes_on(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles
) -> None:
    gate = Gate(ledger.store, roles)
    gate.offline = True
    async with relaying(server, log=gate, roles=gate, epoch=EPOCH) as progress:

        async def waiting() -> bool:
            return progress.state == "waiting"

        for _ in range(2):
            await eventually(waiting, SECONDS_MAX)
            await ledger.happen(10)
            gate.offline = False
            await caught_up(progress, ledger.store)
            gate.offline = True
            await ledger.happen(1)
        gate.offline = False
        await caught_up(progress, ledger.store)
    await assert_copied(server, ledger)


@pytest.mark.parametrize("running", [True, False], ids=["while it runs", "while it does not"])
async def test_a_wiped_server_is_filled_again_with_the_events_and_with_a_ticket_for_every_held_slot(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles, *, running: bool
) -> None:
    await ledger.connect_provider(PROVIDER)
    installed, released, held = [await ledger.reserve(PROVIDER) for _ in range(3)]
    await ledger.finish(installed, installed=True)
    await ledger.finish(released, installed=False)
    passed_on = await ledger.reserve(PROVIDER, installation=installed.stream)
    await ledger.happen(BATCH_MAX + 5)
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
        if running:
            await server.wipe()
            await ledger.happen(3)

            async def refilled() -> bool:
                return (
                    progress.position == await ledger.store.head() and len(await server.events()) == progress.position
                )

            await eventually(refilled, SECONDS_MAX)
    if not running:
        await server.wipe()
        async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
            await caught_up(progress, ledger.store)
    await assert_copied(server, ledger)
    assert of_tickets(await server.tickets()) == ids(held, passed_on)
    async with server.jetstream() as jetstream:
        assert (await jetstream.consumer_info(WORK_STREAM, consumer_name(PROVIDER))).num_pending == 2


async def test_new_work_does_not_wait_until_a_long_history_is_copied_again(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "BATCH_MAX", 20)
    await ledger.happen(200)
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
    await server.wipe()
    await ledger.connect_provider(PROVIDER)
    slot = await ledger.reserve(PROVIDER)
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
    stored = await assert_copied(server, ledger)
    (ticket,) = await server.tickets()
    assert of_tickets([ticket]) == ids(slot)
    assert ticket.at is not None
    assert sum(message.at is not None and message.at > ticket.at for message in stored) > 100


@pytest.mark.parametrize("stream", [EVENTS_STREAM, WORK_STREAM])
@pytest.mark.parametrize("deed", ["deleted", "purged"])
async def test_a_stream_lost_behind_its_back_is_noticed_without_any_new_event(
    server: NatsUnderTest,
    ledger: Ledger,
    roles: MemoryRoles,
    monkeypatch: pytest.MonkeyPatch,
    *,
    stream: str,
    deed: str,
) -> None:
    if (stream, deed) == (WORK_STREAM, "purged"):
        pytest.skip("an empty work stream is what a quiet day looks like")
    monkeypatch.setattr(relay, "CHECK_SECONDS", 0.1)
    monkeypatch.setattr(relay, "IDLE_SECONDS", 0.1)
    slot = await ledger.reserve(PROVIDER)
    await ledger.happen(30)
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
        async with server.jetstream() as jetstream:
            await (jetstream.delete_stream if deed == "deleted" else jetstream.purge_stream)(stream)

            async def back() -> bool:
                found = {info.config.name: info.state.messages for info in await jetstream.streams_info()}
                return found.get(EVENTS_STREAM) == 31 and found.get(WORK_STREAM, 0) >= 1

            await eventually(back, SECONDS_MAX)
    await assert_copied(server, ledger)
    assert set(of_tickets(await server.tickets())) == set(ids(slot))


async def test_a_server_that_lost_its_last_messages_gets_them_again(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles
) -> None:
    await ledger.happen(30)
    slot = await ledger.reserve(PROVIDER)
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
    async with server.jetstream() as jetstream:
        for sequence in (30, 31):
            await jetstream.delete_msg(EVENTS_STREAM, sequence)
        await jetstream.purge_stream(WORK_STREAM)
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
    await assert_copied(server, ledger)
    assert of_tickets(await server.tickets()) == ids(slot)


async def test_copies_too_old_to_keep_are_not_replaced_but_their_slots_have_tickets(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles
) -> None:
    old = uuid4()
    await ledger.connect_provider(old, age=TOO_OLD)
    slot = await ledger.reserve(old, age=TOO_OLD)
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
        assert len(await server.events()) == 2
    await server.wipe()
    await ledger.happen(2)
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
    assert [message.headers["waybill-position"] for message in await server.events()] == ["3", "4"]
    assert of_tickets(await server.tickets()) == ids(slot)


async def test_the_copies_of_another_history_make_way(server: NatsUnderTest, ledger: Ledger) -> None:
    await ledger.happen(20)
    async with relaying(server, log=ledger.store, roles=MemoryRoles(), epoch=str(uuid4())) as progress:
        await caught_up(progress, ledger.store)
    restored = Ledger()
    await restored.happen(5)
    slot = await restored.reserve(PROVIDER)
    for epoch in (EPOCH, EPOCH):
        async with relaying(server, log=restored.store, roles=MemoryRoles(), epoch=epoch) as progress:
            await caught_up(progress, restored.store)
    await assert_copied(server, restored)
    assert of_tickets(await server.tickets()) == ids(slot)


async def test_a_store_that_is_behind_its_copies_is_another_history(server: NatsUnderTest, ledger: Ledger) -> None:
    await ledger.happen(20)
    async with relaying(server, log=ledger.store, roles=MemoryRoles(), epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
    restored = Ledger()
    await restored.happen(5)
    async with relaying(server, log=restored.store, roles=MemoryRoles(), epoch=EPOCH) as progress:
        await caught_up(progress, restored.store)
    await assert_copied(server, restored)


async def test_two_relays_one_publishes_and_the_other_takes_over_at_once_when_it_stops(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles
) -> None:
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH, holder="b") as second:
        async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH, holder="a") as first:

            async def decided() -> bool:
                return "relaying" in {first.state, second.state}

            await eventually(decided, SECONDS_MAX)
            await ledger.happen(50)

            async def published() -> bool:
                return max(first.position, second.position) == 50

            await eventually(published, SECONDS_MAX)
            assert sorted((first.state, second.state)) == ["relaying", "standby"]
        await ledger.happen(10)
        await caught_up(second, ledger.store)
    await assert_copied(server, ledger)


async def test_a_frozen_relay_is_succeeded_and_wakes_up_without_the_role(server: NatsUnderTest, ledger: Ledger) -> None:
    clock = Clock()
    roles = MemoryRoles(clock)
    gate = Gate(ledger.store, roles)
    slots = [await ledger.reserve(PROVIDER)]
    async with relaying(server, log=gate, roles=gate, epoch=EPOCH, holder="frozen", clock=clock) as frozen:
        await caught_up(frozen, ledger.store)
        gate.close()
        clock.now += LEASE_SECONDS + 1
        async with relaying(
            server, log=ledger.store, roles=roles, epoch=EPOCH, holder="next", clock=clock
        ) as successor:
            await ledger.happen(30)
            slots.append(await ledger.reserve(PROVIDER))
            await caught_up(successor, ledger.store)
            gate.open()

            async def standing_by() -> bool:
                return frozen.state == "standby"

            await eventually(standing_by, SECONDS_MAX)
            await ledger.happen(30)
            await caught_up(successor, ledger.store)
            assert frozen.position == 1
    await assert_copied(server, ledger)
    assert of_tickets(await server.tickets()) == ids(*slots)


async def test_a_relay_whose_role_is_taken_stops_publishing(server: NatsUnderTest, ledger: Ledger) -> None:
    clock = Clock()
    roles = MemoryRoles(clock)
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH, clock=clock) as progress:
        await ledger.happen(5)
        await caught_up(progress, ledger.store)
        clock.now += LEASE_SECONDS
        thief: list[Lease | None] = [await roles.acquire(role=relay.ROLE, holder="thief", seconds=SECONDS_MAX)]
        assert thief[0] is not None

        async def standing_by() -> bool:
            return progress.state == "standby"

        await eventually(standing_by, SECONDS_MAX)
        await ledger.happen(5)
        assert progress.position == 5
    assert len(await server.events()) == 5


async def test_it_stops_when_told_to_in_every_state(server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles) -> None:
    progress: Progress
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH, holder="idle") as progress:
        await ledger.happen(1)
        await caught_up(progress, ledger.store)
        async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH, holder="standby") as standby:
            assert standby.state == "standby"
        await server.kill()
    assert progress.state == "standby"
    assert await checkpoint(roles) == 1
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH, holder="waiting") as progress:

        async def waiting() -> bool:
            return progress.state == "waiting"

        await eventually(waiting, SECONDS_MAX)
