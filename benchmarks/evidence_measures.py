"""What is measured of a store with a long history: each through the commands and the API that people use."""

import asyncio
import http.client
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from msgspec import Struct

from adapters.postgres.event_store import PostgresEventStore
from benchmarks.history import Seeded
from domain.access.events import AccessDenied
from domain.access.state import denials_stream
from domain.errors import Code
from domain.events import Actor, Context
from domain.ports import Append, NewEvent
from workers.settings import unsettled_environment
from workers.wiring import new_id

COMMAND_SECONDS_MAX: Final = 1800.0
CATCH_UP_SECONDS_MAX: Final = 3600.0
POLL_SECONDS: Final = 0.2
LOAD_SECONDS: Final = 10.0
LOAD_APPENDERS: Final = 32
LOAD_SAMPLE_SECONDS: Final = 0.05
OK: Final = 200
REASON_CHARS_MAX: Final = 600
KILOBYTES_PER_MEGABYTE: Final = 1024
STANDING: Final = """
    SELECT (SELECT position FROM head) AS head,
        (SELECT coalesce(min(position), 0) FROM read_models) AS projected,
        (SELECT coalesce(max(size), 0) FROM checkpoint) AS signed
"""


class Work(Struct, frozen=True, kw_only=True):
    """One command. `events_per_second` is what it says itself, or else what comes of `seconds`, which count its start too;
    `megabytes` is the most memory that it had.
    """

    events_per_second: float
    seconds: float
    megabytes: float


class Spread(Struct, frozen=True, kw_only=True):
    """Milliseconds, or bytes."""

    p50: float
    p99: float


class Lag(Struct, frozen=True, kw_only=True):
    """How far the newest checkpoint is behind the newest event, while `appended_per_second` events come."""

    appended_per_second: float
    events: Spread
    seconds_p50: float
    seconds_max: float


class Waybill(Struct, frozen=True, kw_only=True):
    """Where it is to be found."""

    database_url: str
    data: Path
    url: str
    key: str


def caught_up(url: str, column: str, *, began: float) -> float:
    """Seconds since `began` until it has every event. Raises TimeoutError."""
    with psycopg.connect(url, autocommit=True) as connection:
        while time.monotonic() - began < CATCH_UP_SECONDS_MAX:
            head, projected, signed = _standing(connection)
            if {"projected": projected, "signed": signed}[column] >= head:
                return time.monotonic() - began
            time.sleep(POLL_SECONDS)
    raise TimeoutError(f"not {column} within {CATCH_UP_SECONDS_MAX:g} s")


def command(waybill: Waybill, *words: str, events: int) -> Work:
    """A command of the command line. Raises RuntimeError."""
    environment = unsettled_environment() | {
        "WAYBILL_POSTGRES_URL": waybill.database_url,
        "WAYBILL_DATA": str(waybill.data),
        "WAYBILL_URL": waybill.url,
        "WAYBILL_API_KEY": waybill.key,
    }
    answer = waybill.data / "benchmark.json"
    began = time.monotonic()
    with answer.open("wb") as output:
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", "workers.cli", *words, "--json"],
            environment,
            file_actions=[(os.POSIX_SPAWN_DUP2, output.fileno(), 1)],
        )
        _, status, used = os.wait4(pid, 0)
    seconds = time.monotonic() - began
    if status != 0:
        said = answer.read_bytes()[:REASON_CHARS_MAX].decode(errors="replace")
        raise RuntimeError(f"waybill {' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}: {said}")
    return Work(
        events_per_second=_said_speed(answer.read_bytes()) or round(events / seconds),
        seconds=round(seconds, 2),
        megabytes=round(used.ru_maxrss / KILOBYTES_PER_MEGABYTE, 1),
    )


def _said_speed(answer: bytes) -> float | None:
    models = json.loads(answer or b"{}").get("readModels")
    return round(models[0]["eventsPerSecond"]) if models else None


def answers(waybill: Waybill, seeded: Seeded) -> dict[str, Spread]:
    """Of the API, one request at a time: a run as it was in its middle, what changed in it, and proofs."""
    client = Client(waybill)
    paths: dict[str, list[str]] = {"state-at ms": [], "diff ms": [], "why ms": []}
    for run, first, last in seeded.runs:
        middle = (first + last) // 2
        paths["state-at ms"].append(f"/api/install-runs/{run}/state?at={middle}")
        paths["diff ms"].append(f"/api/install-runs/{run}/diff?from={first}&to={last}")
        paths["why ms"].append(f"/api/install-runs/{run}/why")
    measured = {name: _spread([client.timed(path)[0] * 1000 for path in each]) for name, each in paths.items()}
    proofs = [client.timed(f"/api/events/{last}/proof") for _, _, last in seeded.runs]
    measured["proof ms"] = _spread([seconds * 1000 for seconds, _ in proofs])
    measured["proof bytes"] = _spread([float(len(body)) for _, body in proofs])
    return measured


def lag_under_load(waybill: Waybill) -> Lag:
    """While as many events are appended as one process can, through the shared appender."""
    return asyncio.run(_lag_under_load(waybill.database_url))


class Client:
    """One keep-alive connection of the standard library."""

    def __init__(self, waybill: Waybill) -> None:
        parts = urlsplit(waybill.url)
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {waybill.key}"}

    def timed(self, path: str) -> tuple[float, bytes]:
        """Seconds, and the answer. Raises RuntimeError."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        response = self._connection.getresponse()
        body = response.read()
        if response.status != OK:
            raise RuntimeError(f"{path}: {response.status} {body[:300].decode(errors='replace')}")
        return time.perf_counter() - began, body


async def _lag_under_load(url: str) -> Lag:
    store = PostgresEventStore(url, name="bench-load")
    loop = asyncio.get_running_loop()
    until = loop.time() + LOAD_SECONDS
    appended = 0

    async def append() -> None:
        nonlocal appended
        while loop.time() < until:
            await store.append(_denied())
            appended += 1

    heads: list[tuple[float, int]] = []
    events: list[float] = []
    seconds: list[float] = []
    appending = [asyncio.create_task(append()) for _ in range(LOAD_APPENDERS)]
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while loop.time() < until:
            head, _, signed = await _standing_async(connection)
            now = loop.time()
            heads.append((now, head))
            events.append(float(head - signed))
            seconds.append(now - next((at for at, then in heads if then > signed), now))
            await asyncio.sleep(LOAD_SAMPLE_SECONDS)
    await asyncio.gather(*appending)
    await store.close()
    return Lag(
        appended_per_second=round(appended / LOAD_SECONDS),
        events=_spread(events),
        seconds_p50=round(statistics.median(seconds), 3),
        seconds_max=round(max(seconds), 3),
    )


def _denied() -> Append:
    source = str(uuid4())
    stream = denials_stream(source)
    denied = AccessDenied(source=source, code=Code.UNAUTHORIZED, method="GET", path="/api/skills")
    context = Context(actor=Actor(kind="anonymous", id=source, name=source), request_id=source, correlation_id=uuid4())
    event = NewEvent(id=new_id(), stream=stream, event=denied)
    return Append(expected={stream: 0}, events=(event,), context=context, at=datetime.now(UTC))


def _spread(values: Sequence[float]) -> Spread:
    percentiles = statistics.quantiles(values, n=100, method="inclusive")
    return Spread(p50=round(percentiles[49], 2), p99=round(percentiles[98], 2))


def _standing(connection: psycopg.Connection[Any]) -> tuple[int, int, int]:
    row = connection.execute(STANDING).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


async def _standing_async(connection: psycopg.AsyncConnection[Any]) -> tuple[int, int, int]:
    row = await (await connection.execute(STANDING)).fetchone()
    assert row is not None
    return row[0], row[1], row[2]
