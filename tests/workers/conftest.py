"""One NATS server for the tests of a module."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.kit.jetstream import NatsUnderTest


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsUnderTest]:
    server = NatsUnderTest(tmp_path_factory.mktemp("nats"))
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())
