"""DBOS with workflows on a queue, and beside it the start-up time of a workflow that is started directly."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import psycopg
from dbos import DBOS, DBOSConfig

from benchmarks.figures import CLIENTS, Figures, Spread, hand_in
from benchmarks.peers import Started, Throughput, measure_finishing, measure_idle, measure_submits

QUEUE: Final = "nothing"
POLLING_SECONDS: Final = 1.0
FINISHED: Final = "SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS'"
NOTE: Final = f"a queue polled every {POLLING_SECONDS:.0f} s (its default), {CLIENTS} connections and threads"


@DBOS.workflow()
async def nothing() -> None:
    STARTED.note()


STARTED: Final = Started()


class Dbos:
    """Launched it works on its queue; until then, and in between, only submits are served."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = psycopg.connect(url, autocommit=True)

    async def submit(self) -> object:
        return await DBOS.enqueue_workflow_async(QUEUE, nothing)

    async def start(self) -> object:
        return await DBOS.start_workflow_async(nothing)

    @asynccontextmanager
    async def launched(self, *queues: str) -> AsyncIterator[None]:
        config: DBOSConfig = {
            "name": "bench",
            "system_database_url": self._url,
            "sys_db_pool_size": CLIENTS,
            "max_executor_threads": CLIENTS,
            "application_version": "1",
            "executor_id": "bench",
            "log_level": "ERROR",
            "enable_otlp": False,
        }
        DBOS(config=config)
        DBOS.listen_queues(queues)
        DBOS.launch()
        await DBOS.register_queue_async(QUEUE, polling_interval_sec=POLLING_SECONDS)
        try:
            yield
        finally:
            DBOS.destroy()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        async with self.launched(QUEUE):
            yield

    async def finished(self) -> int:
        row = self._connection.execute(FINISHED).fetchone()
        return int(row[0]) if row else 0


async def idle(peer: Dbos) -> tuple[Spread, Spread]:
    """Through the queue, and started without one."""
    async with peer.working():
        queued = await measure_idle(peer.submit, STARTED, pause_seconds=POLLING_SECONDS / 2)
        return queued, await measure_idle(peer.start, STARTED)


async def submits(peer: Dbos) -> Throughput:
    async with peer.launched():
        return await measure_submits(peer.submit)


def main(url: str) -> None:
    peer = Dbos(url)
    # DBOS takes the threads of its event loop along when it ends; so each phase has a loop of its own.
    queued, direct = asyncio.run(idle(peer))
    submitted = asyncio.run(submits(peer))
    finished = asyncio.run(measure_finishing(peer, submitted.count))
    hand_in(
        Figures(
            contestant="DBOS",
            submits_per_second=submitted.per_second,
            finished_per_second=finished.per_second,
            start=queued,
            note=f"{NOTE}; started without a queue: p50 {direct.p50} ms",
            counts={"submitted": submitted.count, "finished": finished.count},
            spreads={"started without a queue": direct},
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
