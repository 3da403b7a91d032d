"""procrastinate, asynchronous throughout: its psycopg pool, a worker with many places that hears of jobs by NOTIFY."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import procrastinate
import uvloop

from benchmarks.figures import CLIENTS
from benchmarks.peers import Started, measure

CONCURRENCY: Final = 32
FINISHED: Final = "SELECT count(*) AS finished FROM procrastinate_jobs WHERE status = 'succeeded'"
NOTE: Final = (
    f"PsycopgConnector with {CLIENTS} connections, uvloop; one worker, concurrency {CONCURRENCY}, listen_notify"
)


class Procrastinate:
    def __init__(self, app: procrastinate.App, started: Started) -> None:
        self._app = app

        @app.task(name="nothing")
        async def nothing() -> None:
            started.note()

        self.submit = nothing.defer_async

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        worker = asyncio.create_task(self._app.run_worker_async(concurrency=CONCURRENCY, install_signal_handlers=False))
        try:
            yield
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    async def finished(self) -> int:
        row = await self._app.connector.execute_query_one_async(FINISHED)
        return int(row["finished"])


async def main(url: str) -> None:
    connector = procrastinate.PsycopgConnector(conninfo=url, min_size=CLIENTS, max_size=CLIENTS + 2)
    app = procrastinate.App(connector=connector)
    started = Started()
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        await measure("procrastinate", Procrastinate(app, started), started, note=NOTE)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
