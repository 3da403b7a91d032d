"""The projector keeps the read models at the head: alone, through outages, and whatever one read model or a restore does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.migrating import migrate
from domain.events import Recorded
from projections.catalog import READ_MODELS
from projections.install_runs import INSTALL_RUNS
from projections.read_model import ReadModel
from projections.rows import Rows
from projections.skills import SKILLS
from tests.conftest import by_owner
from tests.kit.projecting import (
    SECONDS_MAX,
    caught_up,
    give_up,
    holder_of_role,
    holds,
    leading,
    logged,
    parked,
    positions,
    projecting,
    renewals,
    renewed_since,
    stored,
)
from tests.kit.projection_spec import given
from tests.kit.read_side import ReadSide, in_order, open_read_side
from tests.kit.waiting import eventually
from tests.projections.stories import Story
from workers import projector

pytestmark = pytest.mark.anyio


@pytest.fixture
async def side(database: str) -> AsyncIterator[ReadSide]:
    """Its own claim to the role is given up at once, so that a projector can have it."""
    async with open_read_side(database) as side:
        await give_up(side)
        yield side


async def assert_folded(side: ReadSide, story: Story) -> None:
    for model in READ_MODELS:
        assert await side.rows(model) == in_order(model, given(story).rows(model))


def refusing(model: ReadModel[Any], position: int) -> ReadModel[Any]:
    def project(recorded: Recorded, rows: Rows[Any]) -> None:
        if recorded.position == position:
            raise ValueError("a bug in this read model")
        model.project(recorded, rows)

    return replace(model, project=project)


def a_story() -> Story:
    story = Story()
    story.publish()
    story.connect("openai")
    story.run(1, "openai").start("openai").succeed("openai")
    return story


async def test_it_takes_in_what_is_there_and_what_comes(side: ReadSide, database: str) -> None:
    story = a_story()
    await side.store(story.events)
    async with projecting(side, database):
        await eventually(lambda: caught_up(side), SECONDS_MAX)
        before = len(story.events)
        story.run(2, "openai", version=2).start("openai").fail("openai")
        await side.store(story.events[before:])
        await eventually(lambda: caught_up(side), SECONDS_MAX)
    await assert_folded(side, story)


async def test_there_is_one_at_a_time_and_the_next_goes_on_at_once(side: ReadSide, database: str) -> None:
    story = a_story()
    async with projecting(side, database, holder="second"):
        await eventually(lambda: holds(side, "second"), SECONDS_MAX)
        async with projecting(side, database, holder="third"):
            await side.store(story.events)
            await eventually(lambda: caught_up(side), SECONDS_MAX)
            assert await holder_of_role(side) == "second"
    assert await holder_of_role(side) == ""
    async with projecting(side, database, holder="fourth"):
        await eventually(lambda: holds(side, "fourth"), SECONDS_MAX)
    await assert_folded(side, story)


async def test_one_that_lost_the_role_writes_nothing_more_until_it_has_it_again(side: ReadSide, database: str) -> None:
    story = a_story()
    async with projecting(side, database):
        await eventually(lambda: holds(side, "first"), SECONDS_MAX)
        await side.execute("UPDATE roles SET epoch = epoch + 1, holder = 'thief', expires_at = now() + '1 hour'")
        with capture_logs() as logs:
            await side.store(story.events)
            await eventually(lambda: logged(logs, "projector_role_lost"), SECONDS_MAX)
        assert {one.position for one in (await side.reader.standing()).read_models} == {0}
        await give_up(side)
        await eventually(lambda: caught_up(side), SECONDS_MAX)
        assert await holds(side, "first")
    await assert_folded(side, story)


async def test_a_parked_read_model_is_reported_and_stops_no_other(side: ReadSide, database: str) -> None:
    story = a_story()
    models = [refusing(model, 6) if model is INSTALL_RUNS else model for model in READ_MODELS]
    await side.store(story.events[:7])
    with capture_logs() as logs:
        async with projecting(side, database, read_models=models):
            await eventually(lambda: caught_up(side, but="install_runs"), SECONDS_MAX)
            await side.store(story.events[7:])
            await eventually(lambda: caught_up(side, but="install_runs"), SECONDS_MAX)
    (parked,) = (entry for entry in logs if entry["event"] == "read_model_parked")
    assert (parked["read_model"], parked["position"], parked["log_level"]) == ("install_runs", 5, "error")
    assert parked["parked_event"] == str(story.events[5].id)
    async with projecting(side, database):
        await eventually(lambda: caught_up(side), SECONDS_MAX)
    await assert_folded(side, story)


async def test_when_all_are_parked_it_waits_in_peace(side: ReadSide, database: str) -> None:
    await side.store(a_story().events)
    model = refusing(SKILLS, 1)
    async with projecting(side, database, read_models=[model]) as log:
        await eventually(lambda: parked(side, "skills"), SECONDS_MAX)
        questions, renewed = log.questions, await renewals(side)
        await eventually(lambda: renewed_since(side, renewed), SECONDS_MAX)
        assert log.questions - questions < 10


@pytest.mark.parametrize("restored", ["an older state", "other events"])
async def test_read_models_of_another_history_are_built_again(side: ReadSide, database: str, restored: str) -> None:
    story = a_story()
    await side.store(story.events)
    async with projecting(side, database):
        await eventually(lambda: caught_up(side), SECONDS_MAX)
    by_owner(database, "ALTER TABLE events DISABLE TRIGGER ALL", "TRUNCATE events")
    if restored == "an older state":
        del story.events[4:]
    else:
        story = Story()
        for _ in range(20):
            story.publish("other")
    await side.store(story.events)
    with capture_logs() as logs:
        async with projecting(side, database):
            await eventually(lambda: caught_up(side), SECONDS_MAX)
    rewound = {entry["read_model"] for entry in logs if entry["event"] == "read_model_rewound"}
    assert rewound == {model.name for model in READ_MODELS}
    await assert_folded(side, story)


async def test_a_read_model_that_is_rebuilt_holds_up_no_other(
    side: ReadSide, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "BATCH_MAX", 2)
    story = a_story()
    await side.store(story.events)
    async with projecting(side, database):
        await eventually(lambda: caught_up(side), SECONDS_MAX)
    before = len(story.events)
    story.publish()
    head = len(story.events)
    await side.store(story.events[before:])
    async with leading(side, PostgresEventLog(database, name="test-log")) as one:
        await one.advance()
        assert positions(one) == {"skills": head, "providers": 2}
        while await one.advance():
            assert positions(one)["skills"] == head
        assert positions(one) == {"skills": head, "providers": head}


async def test_one_that_catches_up_joins_the_others_though_events_keep_coming(side: ReadSide, database: str) -> None:
    story = a_story()

    class GrowingLog(PostgresEventLog):
        async def read(self, *, after: int, limit: int) -> tuple[Recorded, ...]:
            events = await super().read(after=after, limit=limit)
            before = len(story.events)
            story.publish()
            await side.store(story.events[before:])
            return events

    await side.store(story.events)
    async with projecting(side, database):
        await eventually(lambda: caught_up(side), SECONDS_MAX)
    async with leading(side, GrowingLog(database, name="test-log")) as one:
        await one.advance()
        assert len(set(positions(one).values())) == 1


async def test_it_comes_back_when_postgres_does(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres")
    story = a_story()
    try:
        url = server.start()
        migrate(url)
        async with open_read_side(url) as side:
            await give_up(side)
            async with projecting(side, url):
                await side.store(story.events)
                await eventually(lambda: caught_up(side), SECONDS_MAX)
                with capture_logs() as logs:
                    await asyncio.to_thread(server.stop, "immediate")
                    await eventually(lambda: logged(logs, "projector_offline"), SECONDS_MAX)
                assert await asyncio.to_thread(server.start) == url
                before = len(story.events)
                story.publish()
                await eventually(lambda: stored(side, story.events[before:]), SECONDS_MAX)
                await eventually(lambda: caught_up(side), SECONDS_MAX)
            await assert_folded(side, story)
    finally:
        await asyncio.to_thread(server.stop, "immediate")
