"""pgqueuer with asyncpg and the durable tables of its default; workers and batches as in its own benchmark."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from benchmarks.figures import CLIENTS
from benchmarks.peers import Started, measure

WORKERS: Final = 5
BATCH_SIZE: Final = 10
FINISHED: Final = "SELECT count(*) FROM pgqueuer_log WHERE status = 'successful'"
NOTE: Final = (
    f"asyncpg pool of {CLIENTS}, uvloop; {WORKERS} workers, batches of {BATCH_SIZE}; durable tables, no history kept"
)


class PgQueuerPeer:
    def __init__(self, pool: asyncpg.Pool, url: str, started: Started) -> None:
        self._pool = pool
        self._url = url
        self._started = started
        self._queries = Queries(AsyncpgPoolDriver(pool))

    async def submit(self) -> object:
        return await self._queries.enqueue("nothing", None)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for _ in range(WORKERS):
                await stack.enter_async_context(self._one_working())
            yield

    @asynccontextmanager
    async def _one_working(self) -> AsyncIterator[None]:
        queuer = PgQueuer(AsyncpgDriver(await asyncpg.connect(self._url)))

        @queuer.entrypoint("nothing")
        async def nothing(_: Job) -> None:
            self._started.note()

        worker = asyncio.create_task(queuer.run(batch_size=BATCH_SIZE))
        try:
            yield
        finally:
            queuer.shutdown.set()
            await worker

    async def finished(self) -> int:
        return int(await self._pool.fetchval(FINISHED))


async def main(url: str) -> None:
    started = Started()
    async with asyncpg.create_pool(url, min_size=CLIENTS, max_size=CLIENTS) as pool:
        peer = PgQueuerPeer(pool, url, started)
        await Queries(AsyncpgPoolDriver(pool)).install()
        await measure("pgqueuer", peer, started, note=NOTE)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
