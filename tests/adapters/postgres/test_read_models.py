"""Batches of events become rows: the same rows as a fold from the first event, in one transaction, by one projector only."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from adapters.postgres.read_models_table import TableMismatchError
from domain.access.events import AccessDenied
from domain.access.state import denials_stream
from domain.errors import Code
from domain.events import Recorded
from domain.install_run.events import ProviderFailed, RunQueued
from domain.provider.events import ProviderVerified
from projections.catalog import READ_MODELS
from projections.install_runs import INSTALL_RUNS
from projections.providers import PROVIDERS
from projections.read_model import ReadModel
from projections.rows import Rows
from projections.run_history import RUN_HISTORY
from projections.skills import SKILLS
from projections.tracking import ROLE, RoleLostError, Tracking
from tests.kit.projection_spec import given
from tests.kit.read_side import ReadSide, in_order, open_read_side
from tests.projections.stories import OPENAI, Story

pytestmark = pytest.mark.anyio


@pytest.fixture
async def side(database: str) -> AsyncIterator[ReadSide]:
    async with open_read_side(database) as side:
        yield side


def a_story() -> Story:
    story = Story()
    story.publish()
    story.connect("openai")
    story.connect("claude")
    story.add(OPENAI, ProviderVerified())
    run = story.run(1, "openai", "claude").start("openai").start("claude")
    later = story.run(2, "openai", version=2)
    run.succeed("openai").fail("claude", message='9 MB, "too much"\\ \t\n 크다 😀')
    later.start("openai").succeed("openai")
    story.publish()
    return story


async def standing(side: ReadSide) -> dict[str, Tracking]:
    return {tracking.name: tracking for tracking in (await side.reader.standing()).read_models}


def refusing(model: ReadModel[Any], refused: Recorded) -> ReadModel[Any]:
    def project(recorded: Recorded, rows: Rows[Any]) -> None:
        model.project(recorded, rows)
        if recorded.id == refused.id:
            raise ValueError("a bug\0 in this read model")

    return replace(model, project=project)


@pytest.mark.parametrize("size", [1, 3, 1000])
async def test_batches_of_any_size_give_the_rows_of_a_fold_from_zero(side: ReadSide, size: int) -> None:
    story = a_story()
    for start in range(0, len(story.events), size):
        await side.take(events=story.events[start : start + size])
    for model in READ_MODELS:
        assert await side.rows(model) == in_order(model, given(story).rows(model))


async def test_positions_move_over_topics_that_a_read_model_ignores(side: ReadSide) -> None:
    story = Story()
    story.publish()
    await side.take(events=story.events)
    last = story.events[-1]
    assert await standing(side) == {
        model.name: Tracking(name=model.name, generation=model.generation, position=last.position, event=last.id)
        for model in READ_MODELS
    }


async def test_an_epoch_that_is_over_writes_nothing(side: ReadSide) -> None:
    story = a_story()
    await side.take(events=story.events[:5])
    before = await standing(side), await side.rows(INSTALL_RUNS)
    await side.execute("UPDATE roles SET epoch = epoch + 1 WHERE role = %s", ROLE)
    with pytest.raises(RoleLostError):
        await side.take(events=story.events[5:])
    with pytest.raises(RoleLostError):
        await side.read_models.rewind("skills", epoch=side.epoch)
    with pytest.raises(RoleLostError):
        await side.read_models.open(side.epoch)
    assert (await standing(side), await side.rows(INSTALL_RUNS)) == before


@pytest.mark.parametrize("events", [slice(0, 5), slice(3, 8), slice(6, 8)], ids=["again", "overlapping", "gap"])
async def test_only_the_next_events_are_taken(side: ReadSide, events: slice) -> None:
    story = a_story()
    await side.take(events=story.events[:5])
    before = await standing(side), await side.rows(RUN_HISTORY)
    with pytest.raises(RoleLostError):
        await side.take(events=story.events[events])
    assert (await standing(side), await side.rows(RUN_HISTORY)) == before


async def test_a_read_model_that_cannot_take_an_event_is_parked_before_it_and_its_neighbours_go_on(
    database: str,
) -> None:
    story = a_story()
    refused = next(event for event in story if isinstance(event.event, ProviderFailed))
    models = [refusing(model, refused) if model is INSTALL_RUNS else model for model in READ_MODELS]
    async with open_read_side(database, read_models=models) as side:
        outcome = {tracking.name: tracking for tracking in await side.take(events=story.events)}
        assert outcome == await standing(side)
        before = story.events[refused.position - 2]
        assert outcome.pop("install_runs") == Tracking(
            name="install_runs",
            generation=INSTALL_RUNS.generation,
            position=before.position,
            event=before.id,
            parked_event=refused.id,
            parked_error="ValueError: a bug in this read model",
        )
        assert {tracking.position for tracking in outcome.values()} == {len(story.events)}
        assert not any(tracking.parked for tracking in outcome.values())
        folded = given(story.events[: before.position]).rows(INSTALL_RUNS)
        assert await side.rows(INSTALL_RUNS) == in_order(INSTALL_RUNS, folded)
        assert await side.rows(RUN_HISTORY) == given(story).rows(RUN_HISTORY)


async def test_a_row_that_postgres_refuses_parks_as_well(side: ReadSide) -> None:
    story = Story()
    story.connect("openai", concurrency_max=2**40)
    outcome = {tracking.name: tracking for tracking in await side.take(events=story.events)}
    assert (outcome["providers"].parked_event, outcome["providers"].position) == (story.events[0].id, 0)
    assert "NumericValueOutOfRange" in str(outcome["providers"].parked_error)
    assert outcome["audit_log"].position == 1


async def test_a_limit_of_postgres_is_no_outage(side: ReadSide) -> None:
    """psycopg counts both among the same errors; this one would be tried again for ever."""
    story = Story()
    path = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(200))
    denied = AccessDenied(source="127.0.0.1", code=Code.UNAUTHORIZED, method="GET", path=path)
    story.add(denials_stream("127.0.0.1"), denied)
    outcome = {tracking.name: tracking for tracking in await side.take(events=story.events)}
    assert "index row" in str(outcome["audit_log"].parked_error)
    assert outcome["run_history"].position == 1


async def test_text_that_postgres_cannot_keep_is_shown_with_a_replacement(side: ReadSide) -> None:
    story = Story()
    run = story.run(1, "openai").start("openai")
    run.fail("openai", message="NUL \0, and what only looks like one: \\u0000, \\\\u0000 \\\0")
    assert not any(tracking.parked for tracking in await side.take(events=story.events))
    (row,) = await side.rows(INSTALL_RUNS)
    assert row.targets[0].message == "NUL \ufffd, and what only looks like one: \\u0000, \\\\u0000 \\\ufffd"


async def test_a_parked_read_model_gets_another_try_from_the_next_projector(database: str) -> None:
    story = a_story()
    refused = next(event for event in story if isinstance(event.event, RunQueued))
    models = [refusing(model, refused) if model is INSTALL_RUNS else model for model in READ_MODELS]
    async with open_read_side(database, read_models=models) as side:
        await side.take(events=story.events)
    async with open_read_side(database) as side:
        tracking = (await standing(side))["install_runs"]
        assert (tracking.parked, tracking.position) == (False, refused.position - 1)
        await side.take("install_runs", events=story.events[tracking.position :])
        assert len(await side.rows(INSTALL_RUNS)) == 2


async def test_a_rewound_read_model_is_empty_and_can_be_built_again(side: ReadSide) -> None:
    story = a_story()
    await side.take(events=story.events)
    rows = await side.rows(INSTALL_RUNS)
    assert await side.read_models.rewind("install_runs", epoch=side.epoch) == Tracking(
        name="install_runs", generation=INSTALL_RUNS.generation
    )
    assert await side.rows(INSTALL_RUNS) == []
    await side.take("install_runs", events=story.events)
    assert await side.rows(INSTALL_RUNS) == rows


async def tables(side: ReadSide) -> set[str]:
    found = await side.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'providers%%' ")
    return {row["tablename"] for row in found}


async def test_a_new_generation_starts_from_the_first_event_beside_the_former_one(database: str) -> None:
    story = a_story()
    for generation in (1, 2, 3):
        models: list[ReadModel[Any]] = [replace(PROVIDERS, generation=generation), SKILLS]
        async with open_read_side(database, read_models=models) as side:
            assert (await standing(side))["providers"].position == 0
            assert (await standing(side))["skills"].position == (0 if generation == 1 else len(story.events))
            await side.take("providers", events=story.events)
            if generation == 1:
                await side.take("skills", events=story.events)
    async with open_read_side(database, read_models=models) as side:
        assert await tables(side) == {"providers_2", "providers_3"}
        kept = await side.execute("SELECT generation FROM read_models WHERE name = 'providers' ORDER BY generation")
        assert [row["generation"] for row in kept] == [2, 3]


async def test_the_former_program_goes_on_with_its_own_generation(database: str) -> None:
    story = a_story()
    for model in (PROVIDERS, replace(PROVIDERS, generation=PROVIDERS.generation + 1), PROVIDERS):
        async with open_read_side(database, read_models=[model]) as side:
            if (await standing(side))["providers"].position == 0:
                await side.take("providers", events=story.events)
            assert len(await side.rows(model)) == 2


async def test_a_table_that_does_not_fit_its_row_is_refused(database: str) -> None:
    schema = PROVIDERS.schema.replace("active             boolean NOT NULL,", "")
    with pytest.raises(TableMismatchError, match="active"):
        async with open_read_side(database, read_models=[replace(PROVIDERS, schema=schema)]):
            pass


async def test_those_who_listen_are_told(side: ReadSide, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as listening:
        listening.execute("LISTEN waybill_projected")
        await side.take(events=a_story().events[:2])
        assert [told.channel for told in listening.notifies(timeout=5, stop_after=1)] == ["waybill_projected"]
