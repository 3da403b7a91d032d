"""A store that does not have the last of its own copies was set back; it is said from when on it may have forgotten something."""

from datetime import UTC, datetime

import pytest

from adapters.memory.roles import MemoryRoles
from domain.ports import Append, NewEvent
from domain.store.events import StoreRestored
from domain.store.state import STORE_STREAM
from tests.kit.facts import context
from tests.kit.jetstream import NatsUnderTest
from tests.kit.relaying import EPOCH, Ledger, assert_copied, caught_up, relaying

pytestmark = pytest.mark.anyio

EVER = datetime(1970, 1, 1, tzinfo=UTC)


async def relayed(server: NatsUnderTest, ledger: Ledger) -> set[str]:
    """The epochs of the copies, once they are those of this store."""
    async with relaying(server, log=ledger.store, roles=MemoryRoles(), epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
    return {copy.headers["waybill-store-epoch"] for copy in await assert_copied(server, ledger)}


async def set_back(ledger: Ledger, count: int) -> Ledger:
    """Only so many of the events, which are the same ones."""
    restored = Ledger()
    for event in (await ledger.everything())[:count]:
        same = NewEvent(id=event.id, stream=event.stream, event=event.event)
        expected = {event.stream: event.version - 1}
        await restored.store.append(Append(expected=expected, events=(same,), context=context(), at=event.at))
    return restored


async def forgotten_since(ledger: Ledger) -> list[datetime]:
    events = await ledger.store.load(STORE_STREAM)
    return [event.event.since for event in events if isinstance(event.event, StoreRestored)]


@pytest.mark.parametrize("happened_since", [0, 2, 30], ids=lambda count: f"{count}_since")
async def test_it_may_have_forgotten_what_came_after_the_last_event_that_both_have(
    server: NatsUnderTest, ledger: Ledger, happened_since: int
) -> None:
    """Also when the store has gone on before it was noticed, and even beyond what it had."""
    await ledger.happen(20)
    assert await relayed(server, ledger) == {EPOCH}
    restored = await set_back(ledger, 12)
    await restored.happen(happened_since)
    (epoch,) = await relayed(server, restored)
    assert epoch != EPOCH
    assert await forgotten_since(restored) == [(await ledger.everything())[11].at]


async def test_of_an_empty_store_everything_may_be_forgotten(server: NatsUnderTest, ledger: Ledger) -> None:
    await ledger.happen(5)
    await relayed(server, ledger)
    empty = Ledger()
    await relayed(server, empty)
    assert await forgotten_since(empty) == [EVER]


async def test_copies_that_are_behind_are_no_reason_to_doubt(server: NatsUnderTest, ledger: Ledger) -> None:
    await ledger.happen(5)
    await relayed(server, ledger)
    await ledger.happen(5)
    assert await relayed(server, ledger) == {EPOCH}
    assert await forgotten_since(ledger) == []
