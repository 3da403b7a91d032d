from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.memory.roles import MemoryRoles
from tests.kit.jetstream import NatsUnderTest, running_nats
from tests.kit.relaying import Ledger


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
