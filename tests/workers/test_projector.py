"""The projector keeps the read models at the head: alone, through outages, and whatever one read model or a restore does."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.migrating import migrate
from adapters.postgres.read_models import PostgresReadModels
from domain.events import Recorded
from projections.catalog import READ_MODELS
from projections.install_runs import INSTALL_RUNS
from projections.providers import PROVIDERS
from projections.read_model import ReadModel
from projections.rows import Rows
from projections.skills import SKILLS
from projections.tracking import ROLE
from tests.kit.projection_spec import given
from tests.kit.read_side import ReadSide, in_order, open_read_side
from tests.kit.waiting import eventually
from tests.projections.stories import Story
from workers import projector
from workers.tenure import Tenure

pytestmark = pytest.mark.anyio

SECONDS_MAX = 30


@pytest.fixture
async def side(database: str) -> AsyncIterator[ReadSide]:
    """Its own claim to the role is given up at once, so that a projector can have it."""
    async with open_read_side(database) as side:
        await give_up(side)
        yield side


class CountingLog(PostgresEventLog):
    """Counts how often it is asked."""

    questions = 0

    async def read(self, *, after: int, limit: int) -> tuple[Recorded, ...]:
        self.questions += 1
        return await super().read(after=after, limit=limit)

    async def wait(self, *, after: int, timeout_seconds: float) -> None:
        self.questions += 1
        await super().wait(after=after, timeout_seconds=timeout_seconds)


@asynccontextmanager
async def projecting(
    side: ReadSide, url: str, *, read_models: Sequence[ReadModel[Any]] = READ_MODELS, holder: str = "first"
) -> AsyncIterator[CountingLog]:
    stopping = asyncio.Event()
    log = CountingLog(url, name="test-log")
    running = asyncio.create_task(
        projector.run(
            log=log,
            roles=side.roles,
            read_models=PostgresReadModels(side.pool, read_models),
            stopping=stopping,
            holder=holder,
        )
    )
    try:
        yield log
        assert not running.done()
    finally:
        stopping.set()
        await asyncio.wait_for(running, SECONDS_MAX)
        await log.close()


async def give_up(side: ReadSide) -> None:
    await side.execute("UPDATE roles SET expires_at = now() WHERE role = %s", ROLE)


async def holder_of_role(side: ReadSide) -> str:
    rows = await side.execute("SELECT holder FROM roles WHERE role = %s AND expires_at > now()", ROLE)
    return str(rows[0]["holder"]) if rows else ""


async def caught_up(side: ReadSide, *, but: str = "") -> bool:
    standing = await side.reader.standing()
    return all(one.position == standing.head for one in standing.read_models if one.name != but)


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


async def holds(side: ReadSide, holder: str) -> bool:
    return await holder_of_role(side) == holder


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


async def logged(logs: list[Any], event: str) -> bool:
    return any(entry["event"] == event for entry in logs)


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
    await side.execute("ALTER TABLE events DISABLE TRIGGER ALL")
    await side.execute("TRUNCATE events")
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
    head = len(story.events)
    story.publish()
    await side.store(story.events[head:])
    rebuilt = replace(PROVIDERS, generation=2)
    log = CountingLog(database, name="test-log")
    tenure = await Tenure.begin(side.roles, role=ROLE, holder="first")
    assert tenure is not None
    models = PostgresReadModels(side.pool, [SKILLS, rebuilt])
    leading = projector.Projector(log=log, read_models=models, tenure=tenure)
    await leading.take_over()
    await leading.advance()
    assert positions(leading) == {"skills": head + 1, "providers": 2}
    while await leading.advance():
        assert positions(leading)["skills"] == head + 1
    assert positions(leading) == {"skills": head + 1, "providers": head + 1}
    await tenure.end()
    await log.close()


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


async def stored(side: ReadSide, events: Sequence[Recorded]) -> bool:
    """The pool may give out a connection that the restart has cut."""
    try:
        await side.store(events)
    except psycopg.OperationalError:
        return False
    return True


def positions(leading: projector.Projector) -> dict[str, int]:
    return {name: tracking.position for name, tracking in leading.standing.items()}


async def parked(side: ReadSide, name: str) -> bool:
    return any(one.parked for one in (await side.reader.standing()).read_models if one.name == name)


async def renewals(side: ReadSide) -> datetime:
    expires_at: datetime = (await side.execute("SELECT expires_at FROM roles"))[0]["expires_at"]
    return expires_at


async def renewed_since(side: ReadSide, before: datetime) -> bool:
    return await renewals(side) > before
