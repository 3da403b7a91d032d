"""What every event log must find in a long history. Subclass it in a module with the fixtures `store` and `log`."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import uuid_utils.compat
from msgspec.structs import replace

from domain.events import Recorded
from domain.evidence.ports import EventArchive
from domain.ports import EventStore, NewEvent
from tests.kit.facts import NOON, append

SECOND = timedelta(seconds=1)
# A few times are earlier than those of events that were stored before: their decisions had to wait.
SECONDS: Sequence[float] = (0, 10, 20, 30, 28, 29, 31, 25.5, 32, 40, 50)


class LookingBackConformance:
    pytestmark = pytest.mark.anyio

    async def test_an_empty_store_has_nothing_before_any_moment(self, log: EventArchive) -> None:
        assert await log.position_at(NOON) == 0
        assert await log.read_at((1, 2)) == ()
        assert await log.find(uuid_utils.compat.uuid7()) is None

    async def test_events_are_read_at_their_positions_in_the_order_of_the_log(
        self, store: EventStore, log: EventArchive
    ) -> None:
        stored = await told(store, SECONDS)
        assert await log.read_at((5, 2, 2, 9)) == (stored[1], stored[4], stored[8])
        assert await log.read_at((0, 12, 3)) == (stored[2],)
        assert await log.read_at(()) == ()

    async def test_the_position_at_a_time_is_before_the_first_event_that_is_later(
        self, store: EventStore, log: EventArchive
    ) -> None:
        await told(store, SECONDS)
        asked = [-1, 0, 9.999, 10, 20, 25.5, 28, 29.5, 30, 30.5, 31, 32, 39, 50, 1e6]
        expected = [first_later(seconds) for seconds in asked]
        assert [await log.position_at(NOON + seconds * SECOND) for seconds in asked] == expected

    @pytest.mark.parametrize("count", range(1, 6))
    async def test_it_is_found_in_a_history_of_any_length(
        self, store: EventStore, log: EventArchive, count: int
    ) -> None:
        await told(store, SECONDS[:count])
        assert [await log.position_at(NOON + seconds * SECOND) for seconds in SECONDS[:count]] == [
            first_later(seconds, SECONDS[:count]) for seconds in SECONDS[:count]
        ]

    async def test_an_event_is_found_by_its_id(self, store: EventStore, log: EventArchive) -> None:
        stored = await told(store, SECONDS)
        assert [await log.find(event.id) for event in stored] == list(stored)

    async def test_an_id_that_nobody_has_is_not_found(self, store: EventStore, log: EventArchive) -> None:
        await told(store, SECONDS)
        assert await log.find(uuid4()) is None
        assert await log.find(made_at(20)) is None


async def told(store: EventStore, seconds: Sequence[float]) -> tuple[Recorded, ...]:
    """One event at each of these seconds after noon, with the ids that are made then."""
    stored: list[Recorded] = []
    for after in seconds:
        one = append(uuid4())
        event = NewEvent(id=made_at(after), stream=one.events[0].stream, event=one.events[0].event)
        stored += await store.append(replace(one, events=(event,), at=NOON + after * SECOND))
    return tuple(stored)


def made_at(seconds: float) -> UUID:
    """A new id of that time."""
    milliseconds = int((NOON + seconds * SECOND).timestamp() * 1000)
    return UUID(int=(milliseconds << 80) | (uuid_utils.compat.uuid7().int & ((1 << 80) - 1)))


def first_later(seconds: float, told: Sequence[float] = SECONDS) -> int:
    return next((before for before, at in enumerate(told) if at > seconds), len(told))
