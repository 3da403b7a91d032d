"""People who cancel, retry and roll back at the same moment through several processes on one real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from adapters.postgres.event_store import PostgresEventStore
from domain.errors import RunUnfit
from tests.commands.world import World, names, succeeded

pytestmark = pytest.mark.anyio

PROCESSES = 3
CALLERS = 8
RACES = 5
ENDS = {"RunSucceeded", "RunFailed", "RunPartiallyFailed"}


class Stored(PostgresEventStore):
    """The credential is in the environment, so no row is kept beside the events."""

    rows: dict[str, list[dict[str, Any]]] = {}  # noqa: RUF012 - nothing is written there


@pytest.fixture
async def worlds(database: str) -> AsyncIterator[list[World]]:
    """One a process, with a skill and a connection."""
    async with AsyncExitStack() as stack:
        worlds = []
        for number in range(PROCESSES):
            store = Stored(database, name=f"test-{number}")
            stack.push_async_callback(store.close)
            worlds.append(World(store))  # type: ignore[arg-type]
        await worlds[0].register()
        await worlds[0].connect(credential="env:WAYBILL_CREDENTIAL_GOOD")
        yield worlds


@pytest.mark.parametrize("action", ["retry", "roll_back"])
async def test_one_repairs_the_run_and_all_get_it(worlds: list[World], action: str) -> None:
    world = worlds[0]
    original = (await world.queue("openai")).run_id
    await (world.fail if action == "retry" else world.carry_out)(original)
    asking = [getattr(process, action)(original) for process in worlds for _ in range(CALLERS)]
    answers = await asyncio.gather(*asking)
    assert len({answer.run_id for answer in answers}) == 1
    assert [answer.reused for answer in answers].count(False) == 1
    told = {"RunRetried", "RollbackRequested"}
    assert len([name for name in names(await world.events(original)) if name in told]) == 1
    await worlds[1].carry_out(answers[0].run_id)


async def test_cancelling_races_success_and_the_run_ends_once(worlds: list[World]) -> None:
    for _ in range(RACES):
        run_id = (await worlds[0].queue("openai")).run_id
        attempt = await worlds[0].start(run_id)
        assert attempt is not None
        cancelled, settled = await asyncio.gather(
            worlds[1].cancel(run_id), worlds[2].settle(succeeded(attempt), run_id=run_id), return_exceptions=True
        )
        history = names(await worlds[0].events(run_id))
        assert settled is True
        assert [name for name in history if name in ENDS] == ["RunSucceeded"]
        assert isinstance(cancelled, RunUnfit) is ("RunCancelRequested" not in history)
