"""Long stretches of events: those that may concern a read model, each once and in order, and never too heavy."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import psycopg
import pytest

from adapters.postgres.stretches import (
    POSITIONS_MAX,
    POSITIONS_MIN,
    WEIGHT_BYTES,
    MissingEventError,
    Pace,
    Stretch,
    stretches,
)
from domain.events import Recorded
from projections.audit_log import AUDIT_LOG
from projections.catalog import READ_MODELS
from projections.read_model import ReadModel, noun_of
from projections.skills import SKILLS
from tests.conftest import by_owner
from tests.kit.read_side import ReadSide, open_read_side
from tests.kit.rebuilding import begun, runs

pytestmark = pytest.mark.anyio


@pytest.fixture
async def side(database: str) -> AsyncIterator[ReadSide]:
    async with open_read_side(database) as side:
        yield side


def pace(positions: int) -> Pace:
    made = Pace()
    made.positions = positions
    return made


async def read(database: str, model: ReadModel[Any], *, after: int, until: int, positions: int) -> list[Stretch]:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        reading = stretches(connection, model, after=after, until=until, pace=pace(positions))
        async with aclosing(reading):
            return [stretch async for stretch in reading]


@pytest.mark.parametrize("positions", [1, 4, 1000])
@pytest.mark.parametrize("model", [SKILLS, AUDIT_LOG], ids=lambda it: it.name)
async def test_every_event_that_may_concern_it_is_read_once_and_the_last_of_each_stretch(
    side: ReadSide, database: str, model: ReadModel[Any], positions: int
) -> None:
    story = begun()
    runs(story, 1, 3)
    await side.store(story.events)
    after, until = 3, len(story.events) - 2
    found = await read(database, model, after=after, until=until, positions=positions)
    ends = [stretch.position for stretch in found]
    assert ends == [*range(after + positions, until, positions), until]
    nouns = {noun_of(topic) for topic in model.topics}
    concerned = [
        event
        for event in story.events[after:until]
        if model is AUDIT_LOG or noun_of(event.topic) in nouns or event.position in ends
    ]
    assert [event for stretch in found for event in stretch.events] == concerned


async def test_what_nobody_knows_yet_is_not_left_out(side: ReadSide, database: str) -> None:
    """It may concern the read model, which has to say so itself; and so may a newer version of what it does not take."""
    story = begun()
    runs(story, 1, 2)
    await side.store(story.events)
    by_owner(
        database,
        "ALTER TABLE events DISABLE TRIGGER events_never_change",
        "UPDATE events SET topic = 'skill.something_new' WHERE notification_id = 4",
    )
    (stretch,) = await read(database, SKILLS, after=0, until=len(story.events), positions=1000)
    assert {event.position: event.topic for event in stretch.events}[4] == "skill.something_new"


async def test_a_gap_at_the_end_of_a_stretch_is_noticed(side: ReadSide, database: str) -> None:
    story = begun()
    await side.store(story.events)
    with pytest.raises(MissingEventError, match="position 2"):
        await read(database, SKILLS, after=0, until=2, positions=1000)


def stretch_of(events: list[Recorded], *, size: int) -> Stretch:
    return Stretch(after=0, events=tuple(events), bytes=size)


@pytest.mark.parametrize(
    ("read_bytes", "written_bytes", "positions"),
    [
        (WEIGHT_BYTES, 0, 500),
        (0, WEIGHT_BYTES // 2, 1000),
        (WEIGHT_BYTES * 1000, 0, POSITIONS_MIN),
        (0, 0, POSITIONS_MAX),
    ],
    ids=["read", "written", "least", "most"],
)
def test_heavy_events_or_rows_make_shorter_stretches(read_bytes: int, written_bytes: int, positions: int) -> None:
    story = begun()
    runs(story, 1, 100)
    kept = pace(1)
    kept.note(stretch_of(story.events[:500], size=read_bytes), written_bytes=written_bytes)
    assert kept.positions == positions


def test_only_the_one_statement_that_finds_rows_is_run_before_the_table_is_full() -> None:
    """An index by which rows are found while a table is filled begins with the key; others have their primary key."""
    for model in READ_MODELS:
        table, *indexes = model.statements("t")
        assert table.startswith("CREATE TABLE t (")
        assert all(index.startswith(("CREATE INDEX ON t ", "CREATE UNIQUE INDEX ON t ")) for index in indexes)
        if model.append_only and model.key is not None:
            assert len([index for index in indexes if f"({model.key}, position)" in index]) == 1
        elif model.key is not None:
            assert f"{model.key} " in table.partition("PRIMARY KEY")[0].splitlines()[-1]
