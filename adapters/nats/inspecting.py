"""What somebody who doubts a NATS server wants to know: what it says before it knows who asks, and what its streams are like."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct
from nats.js.errors import NotFoundError

from adapters.nats.connection import TLS, Connection, NatsUnavailable
from adapters.nats.messages import STORE_EPOCH
from adapters.nats.streams import EVENTS, EVENTS_STREAM, WORK, differences

PORT: Final = 4222
GREETING: Final = b"INFO "
GREETING_BYTES_MAX: Final = 1 << 16
# A server answers before it gives up on one who does not say who it is.
ANSWERS_MAX: Final = 3
STRANGER: Final = b'CONNECT {"verbose":false,"pedantic":false,"lang":"python","version":"0"}\r\nPING\r\n'


class NotNatsError(Exception):
    """Something listens at that address that is no NATS server."""


class Greeting(Struct, frozen=True, kw_only=True):
    """`open_to_strangers`: whoever names no user gets in; None if that cannot be tried without TLS."""

    version: str
    jetstream: bool
    open_to_strangers: bool | None


class StreamFound(Struct, frozen=True, kw_only=True):
    """`different`: the names of what the server has otherwise than Waybill wants it."""

    name: str
    exists: bool
    different: Sequence[str] = ()


class StreamsFound(Struct, frozen=True, kw_only=True):
    """`epoch`: of the store that the last event is a copy from; None without one, and if this user may not read it."""

    streams: Sequence[StreamFound]
    epoch: str | None


async def greet(url: str) -> Greeting:
    """Raises OSError if nobody answers, NotNatsError."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or PORT, limit=GREETING_BYTES_MAX)
    try:
        line = await reader.readline()
        if not line.startswith(GREETING):
            raise NotNatsError("what listens there is no NATS server")
        said = json.loads(line.removeprefix(GREETING))
        plain = not (url.startswith(TLS) or said.get("tls_required"))
        return Greeting(
            version=str(said.get("version", "")),
            jetstream=said.get("jetstream") is True,
            open_to_strangers=await _lets_in(reader, writer) if plain else None,
        )
    except ValueError as error:
        raise NotNatsError("what listens there is no NATS server") from error
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _lets_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    writer.write(STRANGER)
    with suppress(ConnectionError):
        await writer.drain()
        for _ in range(ANSWERS_MAX):
            answer = await reader.readline()
            if answer.startswith(b"PONG"):
                return True
            if not answer or answer.startswith(b"-ERR"):
                return False
    return False


async def inspect_streams(connection: Connection) -> StreamsFound:
    """Raises NatsUnavailable."""
    found, last = [], 0
    for wanted in (EVENTS, WORK):
        name = str(wanted.name)
        info = None
        async with connection.asking():
            with suppress(NotFoundError):
                info = await connection.jetstream.stream_info(name)
        if info is None:
            found.append(StreamFound(name=name, exists=False))
            continue
        found.append(StreamFound(name=name, exists=True, different=tuple(differences(info.config, wanted))))
        if name == EVENTS_STREAM:
            last = info.state.last_seq if info.state.messages else 0
    return StreamsFound(streams=tuple(found), epoch=await _epoch(connection, last) if last else None)


async def _epoch(connection: Connection, sequence: int) -> str | None:
    message: Any = None
    with suppress(NatsUnavailable):
        async with connection.asking():
            message = await connection.jetstream.get_msg(EVENTS_STREAM, seq=sequence)
    return (message.headers or {}).get(STORE_EPOCH) if message else None
