"""Reads the events for one read model in long stretches: the next one while the last is worked on, none too heavy."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from adapters.postgres.mapper import read_row
from domain.catalog import BY_TOPIC
from domain.events import Recorded
from projections.read_model import ReadModel, noun_of

# Events differ in size, and so do the rows that they lead to: a stretch is as long as these bytes allow.
WEIGHT_BYTES: Final = 8_000_000
POSITIONS_FIRST: Final = 2_000
POSITIONS_MIN: Final = 100
POSITIONS_MAX: Final = 10_000
READ: Final = """
    SELECT notification_id, originator_id, originator_version, topic, state FROM events
    WHERE notification_id > %(after)s AND notification_id <= %(until)s
      AND (topic <> ALL(%(others)s) OR notification_id = %(until)s)
    ORDER BY notification_id
"""


class MissingEventError(Exception):
    """The store has no event where there has to be one; `waybill audit verify` finds out more."""


class Stretch(Struct, frozen=True, kw_only=True):
    """All events behind `after` up to the last of these that may concern the read model; the last one stands here in any case."""

    after: int
    events: tuple[Recorded, ...]
    bytes: int

    @property
    def position(self) -> int:
        return self.events[-1].position

    @property
    def event(self) -> UUID:
        return self.events[-1].id


class Pace:
    """How many positions the next stretch has, so that neither its events nor their rows need much memory."""

    def __init__(self) -> None:
        self.positions = POSITIONS_FIRST

    def note(self, stretch: Stretch, *, written_bytes: int) -> None:
        weight = max(stretch.bytes, written_bytes, 1)
        fitting = (stretch.position - stretch.after) * WEIGHT_BYTES // weight
        self.positions = max(POSITIONS_MIN, min(fitting, POSITIONS_MAX))


async def stretches(
    connection: AsyncConnection[TupleRow], model: ReadModel[Any], *, after: int, until: int, pace: Pace
) -> AsyncGenerator[Stretch]:
    """Up to and including `until`, where there has to be an event. Close it before the connection is used for anything else.

    Raises MissingEventError.
    """
    others = topics_of_others(model)
    reading: asyncio.Task[Stretch] | None = None
    try:
        while after < until:
            reading = reading or _begin(connection, others, after=after, until=until, pace=pace)
            stretch = await reading
            after = stretch.position
            reading = _begin(connection, others, after=after, until=until, pace=pace) if after < until else None
            yield stretch
    finally:
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


def topics_of_others(model: ReadModel[Any]) -> list[str]:
    """The known topics about nouns that this read model takes nothing of. What nobody knows yet is for the fold to judge."""
    nouns = {noun_of(topic) for topic in model.topics}
    return sorted(topic for topic in BY_TOPIC if noun_of(topic) not in nouns)


def _begin(
    connection: AsyncConnection[TupleRow], others: list[str], *, after: int, until: int, pace: Pace
) -> asyncio.Task[Stretch]:
    return asyncio.create_task(
        read_stretch(connection, others, after=after, until=min(after + pace.positions, until)),
    )


async def read_stretch(connection: AsyncConnection[TupleRow], others: list[str], *, after: int, until: int) -> Stretch:
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(READ, {"after": after, "until": until, "others": others})
        found = await cursor.fetchall()
    if not found or found[-1][0] != until:
        raise MissingEventError(f"there is none at position {until}")
    events = tuple(
        read_row(position=position, stream=stream, version=version, topic=topic, state=state)
        for position, stream, version, topic, state in found
    )
    return Stretch(after=after, events=events, bytes=sum(len(row[4]) for row in found))
