"""Reads show what was stored before they came, and say so when they cannot."""

import asyncio
from time import monotonic

import pytest
from msgspec.structs import replace

from adapters.postgres import read_models_reader
from domain.errors import RunNotFound, StoreOffline
from projections.catalog import READ_MODELS
from projections.install_runs import INSTALL_RUNS
from queries.get_install_run import GetInstallRun, get_install_run
from queries.get_run_history import GetRunHistory, get_run_history
from queries.list_install_runs import ListInstallRuns, list_install_runs
from queries.list_providers import ListProviders, list_providers
from queries.read_model_health import read_model_health
from queries.reading import READ_WAIT_SECONDS
from tests.kit.read_side import ReadSide, open_read_side
from tests.kit.waiting import eventually
from tests.projections.stories import Story

pytestmark = pytest.mark.anyio

LISTENERS = """
    SELECT pid FROM pg_stat_activity
    WHERE application_name = 'test-projected' AND query LIKE 'LISTEN%%' AND state = 'idle' AND datname = current_database()
"""


async def listening(side: ReadSide) -> list[int]:
    return [row["pid"] for row in await side.execute(LISTENERS)]


async def test_a_read_waits_for_what_was_stored_before_it_came(side: ReadSide) -> None:
    story = Story()
    run = story.run(1, "openai")
    await side.store(story.events)
    reading = [asyncio.create_task(get_install_run(side.reader, GetInstallRun(run_id=run.id))) for _ in range(20)]
    await side.take(events=story.events)
    assert {(answer.stale, answer.item.id) for answer in await asyncio.gather(*reading)} == {(False, run.id)}


async def test_a_waiting_read_is_woken(side: ReadSide, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the word of the projector alone: the next look of its own would come much later."""
    monkeypatch.setattr(read_models_reader, "POLL_SECONDS", 60)
    story = Story()
    story.run(1, "openai")
    waiting = asyncio.create_task(side.reader.wait(INSTALL_RUNS, position=2, timeout_seconds=60))
    await eventually(lambda: listening(side), 5)
    await side.take(events=story.events)
    assert await asyncio.wait_for(waiting, 5)


async def test_a_read_that_is_not_woken_looks_by_itself(side: ReadSide) -> None:
    story = Story()
    story.run(1, "openai")
    waiting = asyncio.create_task(side.reader.wait(INSTALL_RUNS, position=2, timeout_seconds=60))
    await eventually(lambda: listening(side), 5)
    await side.execute("UPDATE read_models SET position = 2 WHERE name = 'install_runs'")
    assert await asyncio.wait_for(waiting, 5)


async def test_what_wakes_reads_comes_back_by_itself(side: ReadSide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_models_reader, "POLL_SECONDS", 60)
    story = Story()
    story.run(1, "openai")
    waiting = asyncio.create_task(side.reader.wait(INSTALL_RUNS, position=2, timeout_seconds=60))
    await eventually(lambda: listening(side), 5)
    for pid in await listening(side):
        await side.execute("SELECT pg_terminate_backend(%s)", pid)
    await side.take(events=story.events)
    assert await asyncio.wait_for(waiting, 5)


async def test_a_read_that_waited_long_enough_answers_with_what_there_is_and_says_so(side: ReadSide) -> None:
    story = Story()
    run = story.run(1, "openai")
    await side.tell(story.events)
    run.start("openai")
    await side.store(story.events[2:])
    started = monotonic()
    answer = await get_install_run(side.reader, GetInstallRun(run_id=run.id))
    assert monotonic() - started >= READ_WAIT_SECONDS
    assert (answer.stale, answer.item.status) == (True, "queued")
    assert (await list_install_runs(side.reader, ListInstallRuns())).stale


async def test_a_stated_position_is_waited_for_and_no_other(side: ReadSide) -> None:
    story = Story()
    run = story.run(1, "openai")
    await side.tell(story.events)
    run.start("openai")
    await side.store(story.events[2:])
    answer = await get_install_run(side.reader, GetInstallRun(run_id=run.id, min_position=2))
    assert not answer.stale
    later = await get_install_run(side.reader, GetInstallRun(run_id=run.id, min_position=3))
    assert later.stale


async def test_what_may_be_there_is_not_said_to_be_missing(side: ReadSide) -> None:
    story = Story()
    run = story.run(1, "openai")
    await side.store(story.events)
    with pytest.raises(StoreOffline):
        await get_install_run(side.reader, GetInstallRun(run_id=run.id))
    with pytest.raises(StoreOffline):
        await get_run_history(side.reader, GetRunHistory(run_id=run.id))
    with pytest.raises(RunNotFound):
        await get_install_run(side.reader, GetInstallRun(run_id=run.id, min_position=0))


async def test_nobody_waits_for_a_parked_read_model(side: ReadSide) -> None:
    story = Story()
    story.connect("openai")
    story.connect("claude", concurrency_max=2**40)
    await side.tell(story.events)
    started = monotonic()
    answer = await list_providers(side.reader, ListProviders())
    assert monotonic() - started < READ_WAIT_SECONDS
    assert answer.stale
    assert [provider.name for provider in answer.items] == ["openai"]


async def test_before_the_first_projector_there_is_nothing_and_that_is_said(database: str) -> None:
    unopened = replace(INSTALL_RUNS, generation=99)
    async with open_read_side(database) as side:
        story = Story()
        story.run(1, "openai")
        await side.store(story.events)
        assert not await side.reader.wait(unopened, position=None, timeout_seconds=0)
        assert list(await side.reader.fetch(unopened, "SELECT {columns} FROM {table}", {}, unopened.row)) == []


async def test_health_shows_lag_and_what_parked(side: ReadSide) -> None:
    story = Story()
    story.connect("openai")
    story.connect("claude", concurrency_max=2**40)
    story.publish()
    await side.tell(story.events)
    health = {one.name: one for one in await read_model_health(side.reader)}
    assert health.keys() == {model.name for model in READ_MODELS}
    parked = health["providers"]
    assert (parked.position, parked.lag, parked.parked_event) == (1, 3, story.events[1].id)
    assert not parked.healthy
    assert "NumericValueOutOfRange" in str(parked.parked_error)
    assert (health["audit_log"].lag, health["audit_log"].healthy) == (0, True)


async def test_health_of_read_models_that_nobody_has_opened(database: str) -> None:
    async with open_read_side(database, read_models=()) as side:
        await side.execute("UPDATE head SET position = 7")
        assert await read_model_health(side.reader) == ()
    async with open_read_side(database, read_models=[INSTALL_RUNS]) as side:
        await side.execute("DELETE FROM read_models")
        (health,) = await read_model_health(side.reader)
        assert (health.position, health.lag) == (0, 7)
