"""A read model is built again from the first event: every row and index, also after it was ended; and there is a way back."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from adapters.postgres import stretches
from adapters.postgres.rebuilding import NothingKeptError
from adapters.postgres.second_tables import Kind, RefusedEventError
from adapters.postgres.workbench import NotBuiltYetError, PostgresRefusesError, Progress, ReadModelBusyError, workbench
from projections.catalog import READ_MODELS
from projections.install_runs import INSTALL_RUNS
from projections.providers import PROVIDERS
from projections.read_model import ReadModel
from projections.skills import SKILLS
from tests.conftest import as_owner
from tests.kit.read_side import ReadSide, open_read_side
from tests.kit.rebuilding import (
    Killed,
    a_story,
    assert_folded,
    begun,
    gone_back,
    indexes,
    nobody,
    on_table,
    rebuilt,
    refusing,
    runs,
    standing,
)

pytestmark = pytest.mark.anyio

WRONG = on_table(INSTALL_RUNS, "UPDATE {table} SET status = 'failed', kind = 'uninstall'")


@pytest.fixture
async def side(database: str) -> AsyncIterator[ReadSide]:
    async with open_read_side(database) as side:
        yield side


async def tables(side: ReadSide, model: ReadModel[Any]) -> set[str]:
    found = await side.execute("SELECT tablename FROM pg_tables WHERE starts_with(tablename, %s)", model.name + "_")
    return {row["tablename"].removeprefix(f"{model.name}_{model.generation}") for row in found}


@pytest.mark.parametrize("positions", [1, 7, 10_000])
async def test_the_new_table_has_the_rows_of_a_fold_from_zero_and_every_index(
    side: ReadSide, database: str, positions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("POSITIONS_FIRST", "POSITIONS_MIN", "POSITIONS_MAX"):
        monkeypatch.setattr(stretches, limit, positions)
    story = a_story()
    await side.tell(story.events)
    for model in READ_MODELS:
        before = await indexes(side, model.table), await standing(side, model)
        await side.execute(f"TRUNCATE {model.table}")
        outcome = await rebuilt(database, model)
        assert (outcome.position, outcome.resumed_at) == (len(story.events), 0)
        assert (await indexes(side, model.table), await standing(side, model)) == before
        assert await tables(side, model) == {"", "_former"}
    await assert_folded(side, story)


async def test_nothing_else_comes_of_it(side: ReadSide, database: str) -> None:
    story = a_story()
    await side.tell(story.events)
    with psycopg.connect(database, autocommit=True) as listening:
        listening.execute("LISTEN waybill_events")
        for model in READ_MODELS:
            await rebuilt(database, model)
        assert not list(listening.notifies(timeout=0))
    (head,) = await side.execute("SELECT position FROM head")
    assert head["position"] == len(story.events)


@pytest.mark.parametrize("stage", ["loading", "indexing", "swapping"])
async def test_one_that_was_ended_is_gone_on_with(
    side: ReadSide, database: str, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretches, "POSITIONS_FIRST", 20)
    story = a_story()
    await side.tell(story.events)
    await side.execute(WRONG)
    wrong = await side.rows(INSTALL_RUNS)

    def die(progress: Progress) -> None:
        if progress.stage == stage:
            raise Killed

    with pytest.raises(Killed):
        await rebuilt(database, INSTALL_RUNS, told=die)
    assert await side.rows(INSTALL_RUNS) == wrong
    assert await tables(side, INSTALL_RUNS) == {"", "_next"}
    outcome = await rebuilt(database, INSTALL_RUNS)
    assert outcome.resumed_at == (20 if stage == "loading" else len(story.events))
    assert await indexes(side, INSTALL_RUNS.table) == await indexes(side, INSTALL_RUNS.beside(Kind.FORMER))
    await assert_folded(side, story, INSTALL_RUNS)


async def test_one_may_begin_afresh(side: ReadSide, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "POSITIONS_FIRST", 20)
    story = a_story()
    await side.tell(story.events)

    def die(_progress: Progress) -> None:
        raise Killed

    with pytest.raises(Killed):
        await rebuilt(database, INSTALL_RUNS, told=die)
    await side.execute(f"TRUNCATE {INSTALL_RUNS.beside(Kind.NEXT)}")
    assert (await rebuilt(database, INSTALL_RUNS, afresh=True)).resumed_at == 0
    await assert_folded(side, story, INSTALL_RUNS)


async def test_two_at_once_are_refused(side: ReadSide, database: str) -> None:
    await side.tell(a_story().events)
    async with workbench(database, INSTALL_RUNS, told=nobody):
        with pytest.raises(ReadModelBusyError, match="install_runs is being rebuilt or verified by somebody else"):
            await rebuilt(database, INSTALL_RUNS)
        await rebuilt(database, SKILLS)
    await rebuilt(database, INSTALL_RUNS)


async def test_one_that_would_be_parked_is_not_served(side: ReadSide, database: str) -> None:
    story = a_story()
    await side.tell(story.events)
    refused = next(event for event in story if event.name == "RunSucceeded")
    with pytest.raises(RefusedEventError, match=f"{refused.id} at position {refused.position}: ValueError: a bug"):
        await rebuilt(database, refusing(INSTALL_RUNS, refused.position))
    await assert_folded(side, story, INSTALL_RUNS)


async def test_a_row_that_postgres_refuses_is_no_outage(side: ReadSide, database: str) -> None:
    story = begun()
    story.connect("claude", concurrency_max=2**40)
    await side.tell(story.events)
    with pytest.raises(PostgresRefusesError, match="out of range"):
        await rebuilt(database, PROVIDERS)


async def test_the_way_back_catches_up_first_and_may_be_gone_again(side: ReadSide, database: str) -> None:
    story = a_story()
    await side.tell(story.events)
    with pytest.raises(NothingKeptError, match="install_runs"):
        await gone_back(database, INSTALL_RUNS)
    await side.execute(on_table(INSTALL_RUNS, "UPDATE {table} SET reason = 'cancelled:run'"))
    await rebuilt(database, INSTALL_RUNS)
    before = len(story.events)
    await side.tell(runs(story, 8, 9))
    outcome = await gone_back(database, INSTALL_RUNS)
    assert (outcome.resumed_at, outcome.position) == (before, len(story.events))
    assert [row.reason is not None for row in await side.rows(INSTALL_RUNS)].count(True) == 7
    assert len(await side.rows(INSTALL_RUNS)) == 9
    await gone_back(database, INSTALL_RUNS)
    await side.tell(runs(story, 10, 10))
    await assert_folded(side, story, INSTALL_RUNS)


async def test_what_tells_of_a_history_that_is_gone_is_not_served_again(side: ReadSide, database: str) -> None:
    story = a_story()
    await side.tell(story.events)
    await rebuilt(database, INSTALL_RUNS)
    await side.execute("UPDATE rebuilds SET event = gen_random_uuid()")
    with pytest.raises(NothingKeptError):
        await gone_back(database, INSTALL_RUNS)


async def test_there_must_be_something_to_rebuild(side: ReadSide, database: str) -> None:
    del side
    with pytest.raises(NotBuiltYetError, match="generation 99"):
        await rebuilt(database, replace(INSTALL_RUNS, generation=99))


async def test_the_tables_beside_go_with_their_generation(database: str) -> None:
    story = begun()
    for generation in (1, 2, 3):
        model = replace(PROVIDERS, generation=generation)
        async with open_read_side(database, read_models=[model]) as side:
            await side.store(story.events if generation == 1 else ())
            await side.take(PROVIDERS.name, events=story.events)
            await rebuilt(database, model)
            found = await side.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'providers%%'")
            kept = await side.execute("SELECT generation FROM rebuilds ORDER BY 1")
    assert {row["tablename"] for row in found} == {f"providers_{it}{kind}" for it in (2, 3) for kind in ("", "_former")}
    assert [row["generation"] for row in kept] == [2, 3]


async def test_whoever_runs_it_the_table_is_the_applications(side: ReadSide, database: str) -> None:
    story = a_story()
    await side.tell(story.events)
    await rebuilt(as_owner(database), INSTALL_RUNS)
    await side.tell(runs(story, 8, 8))
    await assert_folded(side, story, INSTALL_RUNS)
