"""A ticket that takes long is not given to somebody else meanwhile, and is when its holder says no more."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from adapters.nats.connection import Connection
from adapters.nats.publisher import Publisher
from adapters.nats.streams import WORK_STREAM, consumer_name
from adapters.nats.tickets import TicketSource
from domain.installation.events import InstallationReserved
from tests.kit.facts import NOON, recorded

pytestmark = pytest.mark.anyio

PROVIDER = uuid4()
LONG_SECONDS = 30.0
HELD_SECONDS = 1.0


@pytest.fixture
async def source(connection: Connection) -> AsyncIterator[TicketSource]:
    publisher = Publisher(connection, store_epoch=str(uuid4()))
    await publisher.stand()
    reserved = InstallationReserved(run_id=uuid4(), skill_id=uuid4(), provider_id=PROVIDER, version=1)
    await publisher.issue([recorded(reserved, stream=uuid4(), position=1)], at=NOON)
    source = TicketSource(connection, PROVIDER)
    yield source
    await source.close()


async def test_a_ticket_that_is_held_comes_again_only_when_it_is_let_go(
    source: TicketSource, connection: Connection
) -> None:
    (received,) = await source.take(places=1, timeout_seconds=LONG_SECONDS)
    info = await connection.jetstream.consumer_info(WORK_STREAM, consumer_name(PROVIDER))
    await connection.jetstream.add_consumer(WORK_STREAM, info.config.evolve(ack_wait=HELD_SECONDS))
    for _ in range(4):
        await received.hold()
        assert await source.take(places=1, timeout_seconds=HELD_SECONDS / 2) == []
    (again,) = await source.take(places=1, timeout_seconds=LONG_SECONDS)
    assert (again.deliveries, again.ticket) == (2, received.ticket)
    await again.ack()
