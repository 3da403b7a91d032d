from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.nats.connection import Connection
from tests.kit.jetstream import NatsUnderTest, running_nats


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsUnderTest]:
    async with running_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def connection(server: NatsUnderTest) -> AsyncIterator[Connection]:
    async with server.connection() as connection:
        yield connection
