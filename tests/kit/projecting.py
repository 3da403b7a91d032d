"""A projector that runs beside a test, and what a test asks about it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import psycopg
from msgspec.structs import replace

from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.read_models import PostgresReadModels
from domain.events import Recorded
from projections.catalog import READ_MODELS
from projections.providers import PROVIDERS
from projections.read_model import ReadModel
from projections.skills import SKILLS
from projections.tracking import ROLE
from tests.kit.read_side import ReadSide
from workers import projector
from workers.tenure import Tenure

SECONDS_MAX = 30


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


@asynccontextmanager
async def leading(side: ReadSide, log: PostgresEventLog) -> AsyncIterator[projector.Projector]:
    """A projector, step by step: the skills as they are, and the providers to be built from the first event."""
    tenure = await Tenure.begin(side.roles, role=ROLE, holder="first")
    assert tenure is not None
    models = PostgresReadModels(side.pool, [SKILLS, replace(PROVIDERS, generation=PROVIDERS.generation + 1)])
    one = projector.Projector(log=log, read_models=models, tenure=tenure)
    await one.take_over()
    yield one
    await tenure.end()
    await log.close()


async def holds(side: ReadSide, holder: str) -> bool:
    return await holder_of_role(side) == holder


async def logged(logs: list[Any], event: str) -> bool:
    return any(entry["event"] == event for entry in logs)


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
