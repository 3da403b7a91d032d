import pytest

from adapters.memory.evidence import MemoryStoredEvents, MemoryTiles
from adapters.memory.roles import MemoryRoles
from domain.evidence.leaf import StoredEvent
from tests.kit.evidence_conformance import Put, StoredEventsConformance, TilesConformance


@pytest.fixture
def roles() -> MemoryRoles:
    return MemoryRoles()


@pytest.fixture
def tiles(roles: MemoryRoles) -> MemoryTiles:
    return MemoryTiles(roles)


@pytest.fixture
def stored() -> MemoryStoredEvents:
    return MemoryStoredEvents()


@pytest.fixture
def put(stored: MemoryStoredEvents) -> Put:
    async def put(rows: list[StoredEvent]) -> None:
        stored.rows += rows

    return put


class TestMemoryTiles(TilesConformance):
    pass


class TestMemoryStoredEvents(StoredEventsConformance):
    pass
