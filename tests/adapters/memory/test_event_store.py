from uuid import uuid4

import pytest
from msgspec.structs import replace

from adapters.memory.event_store import MemoryEventStore
from domain.ports import AppendConflict, SideRow
from tests.kit.event_store_conformance import EventStoreConformance
from tests.kit.facts import append

pytestmark = pytest.mark.anyio


@pytest.fixture
def store() -> MemoryEventStore:
    return MemoryEventStore()


class TestMemoryEventStore(EventStoreConformance):
    pass


async def test_a_side_row_is_kept_with_its_events_or_not_at_all(store: MemoryEventStore) -> None:
    stream = uuid4()
    kept, lost = (SideRow(table="credentials", values={"id": number}) for number in (1, 2))
    await store.append(replace(append(stream), rows=(kept,)))
    with pytest.raises(AppendConflict):
        await store.append(replace(append(stream), rows=(lost,)))
    assert store.rows == {"credentials": [{"id": 1}]}
