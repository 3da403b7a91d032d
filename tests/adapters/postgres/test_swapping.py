"""A table changes places with the one that is served, and nobody who reads or writes notices."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from adapters.postgres import rebuilding
from adapters.postgres.workbench import Progress
from domain.events import Recorded
from projections.audit_log import AUDIT_LOG
from projections.catalog import READ_MODELS
from projections.install_runs import INSTALL_RUNS, InstallRunRow
from projections.run_history import RUN_HISTORY
from projections.tracking import ROLE
from queries.get_install_run import GetInstallRun, get_install_run
from tests.kit.projecting import SECONDS_MAX, caught_up, give_up, holds, parked, projecting
from tests.kit.read_side import ReadSide, open_read_side
from tests.kit.rebuilding import a_story, assert_folded, begun, rebuilt, refusing, runs, standing
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

ADVANCE = "UPDATE read_models SET position = %s, event = %s WHERE name = 'install_runs'"


@pytest.fixture
async def side(database: str) -> AsyncIterator[ReadSide]:
    async with open_read_side(database) as side:
        yield side


async def test_the_projector_goes_on_with_the_new_table_as_if_nothing_was(side: ReadSide, database: str) -> None:
    story = a_story()
    await side.tell(story.events)
    for number in range(8, 20, 2):
        # Often enough for the projector's statements to be prepared.
        events = runs(story, number, number + 1)
        await side.store(events)
        await rebuilt(database, INSTALL_RUNS)
        # What is a moment behind is not overtaken.
        assert (await standing(side, INSTALL_RUNS)).position < len(story.events)
        await side.take(events=events)
        await rebuilt(database, AUDIT_LOG)
    assert (await side.execute("SELECT epoch FROM roles WHERE role = %s", ROLE))[0]["epoch"] == side.epoch
    await assert_folded(side, story)


async def test_who_reads_and_writes_all_the_while_notices_nothing(side: ReadSide, database: str) -> None:
    """Through the statements of the API, which its connections have prepared, and beside a projector at work."""
    story = begun()
    known: list[Recorded] = []
    stopping = asyncio.Event()
    await give_up(side)

    async def write() -> None:
        number = 0
        while not stopping.is_set():
            number += 1
            events = runs(story, number, number)
            await side.store(events)
            known.append(next(event for event in events if event.name == "RunQueued"))

    async def read() -> int:
        reads = 0
        while not stopping.is_set():
            expected = {event.stream for event in known}
            newest = known[-1]
            fresh = await side.reader.wait(INSTALL_RUNS, position=newest.position, timeout_seconds=SECONDS_MAX)
            found = await side.reader.fetch(INSTALL_RUNS, "SELECT {columns} FROM {table}", {}, InstallRunRow)
            one = await get_install_run(side.reader, GetInstallRun(run_id=newest.stream))
            assert fresh
            assert expected <= {row.id for row in found}
            assert one.item.id == newest.stream
            reads += 1
        return reads

    await side.store(story.events)
    async with projecting(side, database):
        writing = asyncio.create_task(write())
        await eventually(lambda: _true(len(known) > 5), SECONDS_MAX)
        reading = [asyncio.create_task(read()) for _ in range(2)]
        await eventually(lambda: prepared(side), SECONDS_MAX)
        for _ in range(8):
            await rebuilt(database, INSTALL_RUNS)
        stopping.set()
        assert min(await asyncio.gather(*reading)) > 8
        await writing
        await eventually(lambda: caught_up(side), SECONDS_MAX)
        assert await holds(side, "first")
    await assert_folded(side, story, INSTALL_RUNS)


async def _true(condition: bool) -> bool:  # noqa: FBT001 - what `eventually` waits for
    return condition


async def prepared(side: ReadSide) -> bool:
    """Whether a connection of the reader and of the projector has its statement prepared."""
    found = [row["statement"] for row in await side.execute("SELECT statement FROM pg_prepared_statements")]
    sought = (f"FROM {INSTALL_RUNS.table}) AS listed", f"INSERT INTO {INSTALL_RUNS.table}")
    return all(any(text in statement for statement in found) for text in sought)


async def test_a_projector_in_the_middle_of_a_batch_is_waited_for(side: ReadSide, database: str) -> None:
    """What it then commits is in the new table too."""
    story = a_story()
    await side.tell(story.events)
    await side.store(runs(story, 8, 9))
    last = story.events[-1]
    with psycopg.connect(database) as projector:
        projector.execute("SELECT position FROM read_models WHERE name = 'install_runs' FOR UPDATE")
        rebuilding = asyncio.create_task(rebuilt(database, INSTALL_RUNS))
        await eventually(lambda: side.execute("SELECT pid FROM pg_locks WHERE NOT granted"), SECONDS_MAX)
        projector.execute(ADVANCE, (last.position, last.id))
    assert (await rebuilding).position == last.position
    await assert_folded(side, story, INSTALL_RUNS)


async def test_what_an_attempt_took_in_that_failed_is_taken_in_by_the_next(side: ReadSide, database: str) -> None:
    story = a_story()
    await side.tell(story.events)
    await side.store(runs(story, 8, 9))
    last = story.events[-1]
    with psycopg.connect(database) as reading:
        reading.execute(f"SELECT FROM {INSTALL_RUNS.table} LIMIT 1".encode())

        def told(progress: Progress) -> None:
            if (progress.stage, progress.done) == ("swapping", 0):
                with psycopg.connect(database, autocommit=True) as projector:
                    projector.execute(ADVANCE, (last.position, last.id))
            elif (progress.stage, progress.done) == ("swapping", 1):
                reading.rollback()

        assert (await rebuilt(database, INSTALL_RUNS, told=told)).attempts > 1
    await assert_folded(side, story, INSTALL_RUNS)


async def test_a_long_reader_delays_the_swap_and_nobody_else(side: ReadSide, database: str) -> None:
    await side.tell(a_story().events)
    waits: list[Progress] = []
    with psycopg.connect(database) as reading:
        reading.execute(f"SELECT FROM {INSTALL_RUNS.table} LIMIT 1".encode())
        rebuilding = asyncio.create_task(rebuilt(database, INSTALL_RUNS, told=waits.append))
        while not any(told.stage == "swapping" and told.done > 1 for told in waits):
            async with asyncio.timeout(1):
                assert len(await side.rows(INSTALL_RUNS)) == 7
        assert not rebuilding.done()
    assert (await rebuilding).attempts > 2
    assert len(await side.rows(INSTALL_RUNS)) == 7


async def test_a_parked_one_is_parked_no_more_and_the_projector_goes_on_with_it(side: ReadSide, database: str) -> None:
    """The projector, which still has the mistake, is not asked, nor started again."""
    story = a_story()
    refused = next(event for event in story if event.name == "RunSucceeded")
    former = [refusing(it, refused.position) if it is RUN_HISTORY else it for it in READ_MODELS]
    await side.store(story.events)
    await give_up(side)
    async with projecting(side, database, read_models=former):
        await eventually(lambda: parked(side, "run_history"), SECONDS_MAX)
        await rebuilt(database, RUN_HISTORY)
        assert not await parked(side, "run_history")
        await side.store(runs(story, 8, 9))
        await eventually(lambda: caught_up(side), SECONDS_MAX)
    await assert_folded(side, story)


async def test_a_rebuild_waits_for_no_projector(side: ReadSide, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is far behind, or there is none: the new table goes ahead, and whoever is projector looks anew."""
    monkeypatch.setattr(rebuilding, "LAG_POSITIONS_MAX", 10)
    story = a_story()
    await side.store(story.events)
    await rebuilt(database, INSTALL_RUNS)
    assert (await standing(side, INSTALL_RUNS)).position == len(story.events)
    assert (await side.execute("SELECT epoch FROM roles WHERE role = %s", ROLE))[0]["epoch"] == side.epoch + 1
    await assert_folded(side, story, INSTALL_RUNS)
