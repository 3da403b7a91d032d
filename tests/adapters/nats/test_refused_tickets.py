"""Whoever counts the tickets that nobody can work on hears of each: of one nobody can read, and of one for nothing there is."""

import pytest

from adapters.nats.connection import Connection
from adapters.nats.publisher import Publisher
from adapters.nats.streams import work_subject
from adapters.nats.tickets import TicketSource
from tests.adapters.nats.waiting_tickets import LONG_SECONDS, PROVIDER, reserved
from tests.kit.facts import NOON
from tests.kit.jetstream import NatsUnderTest

pytestmark = pytest.mark.anyio


async def test_each_refusal_is_told(server: NatsUnderTest, publisher: Publisher, connection: Connection) -> None:
    refusals: list[str] = []
    async with server.connection("installer") as installer:
        source = TicketSource(installer, PROVIDER, refused=lambda: refusals.append("refused"))
        await publisher.ensure_consumer(PROVIDER)
        await connection.jetstream.publish(work_subject("install", PROVIDER), b"not json")
        await publisher.issue(reserved(2), at=NOON)
        first, second = await source.take(places=3, timeout_seconds=LONG_SECONDS)
        assert len(refusals) == 1
        await first.ack()
        assert len(refusals) == 1
        await second.refuse("there is no such run")
        assert len(refusals) == 2
        await source.close()
