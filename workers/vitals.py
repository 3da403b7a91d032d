"""How Waybill is doing, asked of Postgres and NATS at once and within a bounded time, for readiness and for metrics."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from msgspec import Struct

from adapters.http.momentary import Momentary
from adapters.nats.connection import Connection
from adapters.nats.vitals import StreamVitals, server_version, stream_vitals
from adapters.postgres.connection import Pool
from adapters.postgres.vitals import DatabaseVitals, database_vitals
from queries.read_model_health import ReadModelHealth, read_model_health
from queries.reading import Reader

# Whoever asks waits a second; the rest of it is for the answer itself.
LOOK_SECONDS: Final = 0.9

Found = TypeVar("Found")


class Vitals(Struct, frozen=True, kw_only=True):
    """None is what did not answer, whatever the reason: the log of who uses it has it."""

    database: DatabaseVitals | None
    read_models: tuple[ReadModelHealth, ...] | None
    connected: bool
    nats_version: str | None
    streams: tuple[StreamVitals, ...] | None


LookAtVitals = Callable[[], Awaitable[Vitals]]


def vitals_of(*, pool: Pool, reader: Reader, nats: Connection) -> LookAtVitals:
    """Never raises."""

    async def look() -> Vitals:
        database, read_models, streams = await asyncio.gather(
            _in_time(database_vitals(pool)), _in_time(read_model_health(reader)), _in_time(stream_vitals(nats))
        )
        return Vitals(
            database=database,
            read_models=read_models,
            connected=nats.connected,
            nats_version=server_version(nats),
            streams=streams,
        )

    return Momentary(look)


async def _in_time(asking: Awaitable[Found]) -> Found | None:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return await asking
    except Exception:  # noqa: BLE001 - what is away is said by its absence
        return None
