from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.nats.connection import Connection
from adapters.nats.publisher import Publisher
from adapters.nats.tickets import TicketSource
from tests.adapters.nats.waiting_tickets import PROVIDER
from tests.kit.jetstream import NatsUnderTest, running_nats


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsUnderTest]:
    async with running_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def connection(server: NatsUnderTest) -> AsyncIterator[Connection]:
    async with server.connection() as connection:
        yield connection


@pytest.fixture
async def publisher(server: NatsUnderTest) -> AsyncIterator[Publisher]:
    async with server.connection("relay") as connection:
        publisher = Publisher(connection, store_epoch=str(uuid4()))
        await publisher.stand()
        yield publisher


@pytest.fixture
async def source(server: NatsUnderTest) -> AsyncIterator[TicketSource]:
    async with server.connection("installer") as connection:
        source = TicketSource(connection, PROVIDER)
        yield source
        await source.close()
