"""A ceiling: how many single rows Postgres takes in a second, each in a commit of its own, from as many connections."""

import asyncio
import sys
import time
from typing import Final

import psycopg
import uvloop

from benchmarks.figures import CLIENTS, SUBMIT_SECONDS, Figures, hand_in

PAYLOAD: Final = b"x" * 200
INSERT: Final = "INSERT INTO bare (payload) VALUES (%b)"


async def measure(url: str) -> None:
    connections = [await psycopg.AsyncConnection.connect(url, autocommit=True) for _ in range(CLIENTS)]
    await connections[0].execute("CREATE TABLE bare (id bigserial PRIMARY KEY, payload bytea NOT NULL)")
    began = time.perf_counter()
    counts = await asyncio.gather(*(_insert(connection, began + SUBMIT_SECONDS) for connection in connections))
    seconds = time.perf_counter() - began
    for connection in connections:
        await connection.close()
    hand_in(
        Figures(
            contestant="ceiling: bare inserts",
            submits_per_second=sum(counts) / seconds,
            note="psycopg, one row a commit, autocommit",
        )
    )


async def _insert(connection: psycopg.AsyncConnection, until: float) -> int:
    count = 0
    while time.perf_counter() < until:
        await connection.execute(INSERT, (PAYLOAD,), prepare=True)
        count += 1
    return count


if __name__ == "__main__":
    uvloop.run(measure(sys.argv[1]))
