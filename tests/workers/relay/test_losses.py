"""What NATS loses is published again; what another history left there makes way."""

from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.memory.roles import MemoryRoles
from adapters.nats.streams import EVENTS_AGE_SECONDS_MAX, EVENTS_STREAM, WORK_STREAM, consumer_name
from tests.kit.jetstream import NatsUnderTest
from tests.kit.relaying import (
    EPOCH,
    PROVIDER,
    SECONDS_MAX,
    Ledger,
    assert_copied,
    caught_up,
    event_ids,
    relaying,
    ticketed,
)
from tests.kit.waiting import eventually
from workers import relay
from workers.relay import BATCH_MAX

pytestmark = pytest.mark.anyio

TOO_OLD = timedelta(seconds=EVENTS_AGE_SECONDS_MAX + 60)


@pytest.mark.parametrize("running", [True, False], ids=["while it runs", "while it does not"])
async def test_a_wiped_server_is_filled_again_with_the_events_and_with_a_ticket_for_every_held_slot(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles, *, running: bool
) -> None:
    await ledger.connect_provider(PROVIDER)
    installed, removed, released, held, kept, emptied = [await ledger.reserve(PROVIDER) for _ in range(6)]
    await ledger.finish(installed, "changed")
    await ledger.finish(removed, "removed")
    await ledger.finish(released, "released")
    await ledger.finish(kept, "changed", kept=True)
    await ledger.finish(emptied, "removed", kept=True)
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
    assert ticketed(await server.tickets()) == event_ids(held, kept, emptied, passed_on)
    async with server.jetstream() as jetstream:
        assert (await jetstream.consumer_info(WORK_STREAM, consumer_name(PROVIDER))).num_pending == 4


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
    assert ticketed([ticket]) == event_ids(slot)
    assert ticket.at is not None
    assert sum(message.at is not None and message.at > ticket.at for message in stored) > 100


@pytest.mark.parametrize(
    ("stream", "deed"), [(EVENTS_STREAM, "deleted"), (EVENTS_STREAM, "purged"), (WORK_STREAM, "deleted")]
)
async def test_a_stream_lost_behind_its_back_is_noticed_without_any_new_event(
    server: NatsUnderTest,
    ledger: Ledger,
    roles: MemoryRoles,
    monkeypatch: pytest.MonkeyPatch,
    *,
    stream: str,
    deed: str,
) -> None:
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
    assert set(ticketed(await server.tickets())) == set(event_ids(slot))


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
    assert ticketed(await server.tickets()) == event_ids(slot)


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
    assert ticketed(await server.tickets()) == event_ids(slot)


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
    assert ticketed(await server.tickets()) == event_ids(slot)


async def test_a_store_that_is_behind_its_copies_is_another_history(server: NatsUnderTest, ledger: Ledger) -> None:
    await ledger.happen(20)
    async with relaying(server, log=ledger.store, roles=MemoryRoles(), epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
    restored = Ledger()
    await restored.happen(5)
    async with relaying(server, log=restored.store, roles=MemoryRoles(), epoch=EPOCH) as progress:
        await caught_up(progress, restored.store)
    await assert_copied(server, restored)
