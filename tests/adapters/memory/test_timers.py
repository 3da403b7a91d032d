import pytest

from adapters.memory.event_store import MemoryEventStore
from adapters.memory.roles import MemoryRoles
from adapters.memory.timers import MemoryTimers
from tests.kit.timers_conformance import TimersConformance


@pytest.fixture
def store() -> MemoryEventStore:
    return MemoryEventStore()


@pytest.fixture
def roles() -> MemoryRoles:
    return MemoryRoles()


@pytest.fixture
def timers(store: MemoryEventStore, roles: MemoryRoles) -> MemoryTimers:
    return MemoryTimers(store, roles=roles)


class TestMemoryTimers(TimersConformance):
    pass
