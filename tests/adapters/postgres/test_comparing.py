"""Whatever of a read model is not as the events say is found and shown, in one snapshot, while it goes on being written."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import psycopg
import pytest

from adapters.postgres import comparing
from adapters.postgres.comparing import Comparison, Difference, MovedBackError, compare
from adapters.postgres.second_tables import Kind
from adapters.postgres.workbench import Progress, Told, workbench
from projections.audit_log import AUDIT_LOG
from projections.catalog import READ_MODELS
from projections.install_runs import INSTALL_RUNS
from projections.read_model import ReadModel
from projections.run_history import RUN_HISTORY
from projections.skills import SKILLS
from tests.kit.projecting import SECONDS_MAX, caught_up, give_up, projecting
from tests.kit.read_side import ReadSide, open_read_side
from tests.kit.rebuilding import begun, nobody, on_table, runs
from tests.kit.waiting import eventually
from tests.projections.stories import Story

pytestmark = pytest.mark.anyio

REMOVED = on_table(AUDIT_LOG, "DELETE FROM {table} WHERE position = 5")
INVENTED = on_table(
    AUDIT_LOG,
    """
    INSERT INTO {table}
    SELECT position + 1000, at, actor, action, target, result, code, request_id, correlation_id, actor_id, subject
    FROM {table} WHERE position = 5
""",
)


@pytest.fixture
async def side(database: str) -> AsyncIterator[ReadSide]:
    async with open_read_side(database) as side:
        yield side


def a_story() -> Story:
    story = begun()
    runs(story, 1, 5)
    return story


async def compared(database: str, model: ReadModel[Any], *, shown_max: int = 20, told: Told = nobody) -> Comparison:
    async with workbench(database, model, told=told) as bench:
        return await compare(bench, shown_max=shown_max)


async def assert_nothing_is_left(side: ReadSide) -> None:
    assert not await side.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE %s", f"%{Kind.CHECK}")


async def test_what_is_right_agrees(side: ReadSide, database: str) -> None:
    story = a_story()
    await side.tell(story.events)
    for model in READ_MODELS:
        found = await compared(database, model)
        rows = len(await side.rows(model))
        assert (found.rows, found.differing, found.differences) == (rows, 0, ())
        assert (found.position, found.parked_event) == (len(story.events), None)
    await assert_nothing_is_left(side)


async def test_a_changed_column_is_shown_with_what_it_should_be(side: ReadSide, database: str) -> None:
    await side.tell(a_story().events)
    run = (await side.rows(INSTALL_RUNS))[2]
    await side.execute(
        on_table(INSTALL_RUNS, "UPDATE {table} SET status = 'failed', skill = '[]' WHERE id = %s"), run.id
    )
    found = await compared(database, INSTALL_RUNS)
    assert (found.changed, found.missing, found.surplus, found.rows) == (1, 0, 0, 5)
    (status, skill) = found.differences
    key = {"id": str(run.id)}
    assert status == Difference(key=key, column="status", live="failed", expected="success")
    assert (skill.column, skill.live, skill.expected["name"]) == ("skill", [], run.skill.name)


async def test_json_that_is_kept_as_it_was_written_is_compared_too(side: ReadSide, database: str) -> None:
    await side.tell(a_story().events)
    await side.execute(on_table(RUN_HISTORY, """UPDATE {table} SET data = '{"changed": true}' WHERE position = 5"""))
    (difference,) = (await compared(database, RUN_HISTORY)).differences
    assert (difference.column, difference.live, difference.key["position"]) == ("data", {"changed": True}, 5)


async def test_rows_that_are_missing_or_too_many_are_shown_whole(side: ReadSide, database: str) -> None:
    await side.tell(a_story().events)
    gone, kept, *_ = await side.rows(SKILLS)
    await side.execute(on_table(SKILLS, "UPDATE {table} SET id = gen_random_uuid() WHERE id = %s"), gone.id)
    found = await compared(database, SKILLS)
    assert (found.changed, found.missing, found.surplus) == (0, 1, 1)
    sides: Mapping[str | None, Any] = {
        "missing" if it.live is None else "surplus": it.expected or it.live for it in found.differences
    }
    assert {row["name"] for row in sides.values()} == {gone.name}
    assert all(it.column is None and it.key["id"] != str(kept.id) for it in found.differences)


@pytest.mark.parametrize(("statement", "counts"), [(REMOVED, (1, 0)), (INVENTED, (0, 1))], ids=["gone", "invented"])
async def test_one_row_is_enough(side: ReadSide, database: str, statement: str, counts: tuple[int, int]) -> None:
    await side.tell(a_story().events)
    await side.execute(statement)
    found = await compared(database, AUDIT_LOG)
    assert (found.changed, found.missing, found.surplus) == (0, *counts)
    (difference,) = found.differences
    assert (difference.live is None, difference.expected is None) == (found.missing == 1, found.surplus == 1)


async def test_all_are_counted_and_the_first_are_shown(side: ReadSide, database: str) -> None:
    await side.tell(a_story().events)
    await side.execute(on_table(RUN_HISTORY, "UPDATE {table} SET request_id = 'changed'"))
    found = await compared(database, RUN_HISTORY, shown_max=3)
    assert (found.changed, len(found.differences)) == (found.rows, 3)
    assert await compared(database, RUN_HISTORY, shown_max=0) != found


async def test_a_parked_one_is_compared_as_far_as_it_came(side: ReadSide, database: str) -> None:
    story = a_story()
    await side.store(story.events)
    await side.take(events=story.events[:9])
    await side.execute(
        "UPDATE read_models SET parked_event = %s, parked_error = 'a bug' WHERE name = 'skills'", story.events[9].id
    )
    found = await compared(database, SKILLS)
    assert (found.position, found.differing, found.parked_event) == (9, 0, str(story.events[9].id))


async def test_it_goes_on_being_written_meanwhile(side: ReadSide, database: str) -> None:
    story = a_story()
    await side.store(story.events)
    await give_up(side)
    positions = []
    async with projecting(side, database):
        await eventually(lambda: caught_up(side), SECONDS_MAX)
        for number in range(6, 12):
            events = runs(story, number, number)
            writing = asyncio.create_task(side.store(events))
            found = await compared(database, RUN_HISTORY)
            await writing
            assert found.differing == 0
            positions.append(found.position)
    assert positions == sorted(positions)
    await assert_nothing_is_left(side)


async def test_one_that_is_begun_anew_meanwhile_is_not_judged(
    side: ReadSide, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "LAST_POSITIONS_MAX", 10)
    await side.tell(a_story().events)

    def begin_anew(_progress: Progress) -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("UPDATE read_models SET position = 0 WHERE name = 'skills'")

    with pytest.raises(MovedBackError, match="skills"):
        await compared(database, SKILLS, told=begin_anew)
    await assert_nothing_is_left(side)
