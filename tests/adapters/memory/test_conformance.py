import pytest

from adapters.memory.event_store import MemoryEventStore
from adapters.memory.roles import MemoryRoles
from tests.kit.event_log_conformance import EventLogConformance
from tests.kit.looking_back import LookingBackConformance
from tests.kit.roles_conformance import RolesConformance


@pytest.fixture
def store() -> MemoryEventStore:
    return MemoryEventStore()


@pytest.fixture
def log(store: MemoryEventStore) -> MemoryEventStore:
    return store


@pytest.fixture
def roles() -> MemoryRoles:
    return MemoryRoles()


class TestMemoryEventLog(EventLogConformance):
    pass


class TestMemoryLookingBack(LookingBackConformance):
    pass


class TestMemoryRoles(RolesConformance):
    pass
