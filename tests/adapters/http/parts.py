"""What the API under test has beside it: a projector, and what live streams and long polls share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.http.live import Live, Pace, begin_live
from adapters.postgres.connection import open_pool
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.read_models import PostgresReadModels
from adapters.postgres.roles import PostgresRoles
from projections.catalog import READ_MODELS
from queries.reading import Reader
from workers.projector import run as run_projector
from workers.wiring import Commands


def live_on(log: PostgresEventLog, reader: Reader, commands: Commands, *, pace: Pace) -> Live:
    recheck, stopping = commands.authenticate.recheck, asyncio.Event()
    return begin_live(followed=log, log=log, reader=reader, recheck=recheck, stopping=stopping, pace=pace)


@asynccontextmanager
async def projecting_on(database: str, log: PostgresEventLog) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    async with open_pool(database, name="test-projector", size_max=4) as pool:
        running = asyncio.create_task(
            run_projector(
                log=log,
                roles=PostgresRoles(pool),
                read_models=PostgresReadModels(pool, READ_MODELS),
                stopping=stopping,
                holder="test",
            )
        )
        try:
            yield
        finally:
            stopping.set()
            await running
