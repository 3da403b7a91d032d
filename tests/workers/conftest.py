"""One NATS server for the tests of a module, and a scene for the alerts part."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest
from nats.js.errors import NotFoundError

from adapters.nats.streams import ALERTS_STREAM
from tests.kit.jetstream import NatsUnderTest
from tests.workers.alarmed import Alarmed, alarmed


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsUnderTest]:
    server = NatsUnderTest(tmp_path_factory.mktemp("nats"))
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture
async def scene(database: str, nats: NatsUnderTest) -> AsyncIterator[Alarmed]:
    """With a NATS that has forgotten what it was told of alerts before."""
    async with nats.jetstream() as jetstream:
        with suppress(NotFoundError):
            await jetstream.delete_stream(ALERTS_STREAM)
    async with alarmed(database, nats) as scene:
        yield scene
