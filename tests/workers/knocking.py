"""Connections that do what no client of ours would, and a server that loses its patience soon."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar, Final

from workers.http_protocol import BoundedProtocol

# Nothing that a test does takes that long by itself, but what it waits for.
SHORT_SECONDS: Final = 0.2
PATIENCE_SECONDS: Final = 10.0


class Hasty(BoundedProtocol):
    """`made` are all that there were; `looks` at whether an answer is taken."""

    made: ClassVar[list["Hasty"]] = []
    connections_max = 3
    head_seconds = SHORT_SECONDS
    unwanted_seconds = SHORT_SECONDS
    stalled_seconds = SHORT_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.made.append(self)
        self.looks = 0

    def _look_at_answer(self) -> None:
        self.looks += 1
        super()._look_at_answer()

    @property
    def untaken_bytes(self) -> int:
        return self.transport.get_write_buffer_size()

    @property
    def awaits(self) -> bool:
        """Whether something has to come in soon."""
        return self._awaiting is not None

    async def reads(self) -> bool:
        """Whether it is in the middle of a body."""
        return self._in_body

    async def rests(self) -> bool:
        return not self.awaits


class Patient(Hasty):
    head_seconds = PATIENCE_SECONDS
    unwanted_seconds = PATIENCE_SECONDS
    stalled_seconds = PATIENCE_SECONDS


class Client:
    """A connection that sends what no client of ours would."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def rest(self) -> bytes:
        """All that comes until the server closes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.reader.read()

    async def drip(self, data: bytes) -> None:
        """Send this again and again, until the server closes."""
        rest = asyncio.create_task(self.rest())
        while not rest.done():
            self.writer.write(data)
            await asyncio.wait({rest}, timeout=SHORT_SECONDS / 10)
        with suppress(ConnectionError):
            await rest

    async def refusal(self) -> bytes:
        """One answer, with its body."""
        head = await self.answer()
        [length] = [line for line in head.split(b"\r\n") if line.startswith(b"content-length: ")]
        return head + await self.reader.readexactly(int(length.partition(b" ")[2]))

    async def answer(self) -> bytes:
        """One answer, without its body."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.reader.readuntil(b"\r\n\r\n")


@asynccontextmanager
async def connected(url: str, *, receive_bytes: int | None = None) -> AsyncIterator[Client]:
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_bytes is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", int(url.rpartition(":")[2])))
    reader, writer = await asyncio.open_connection(sock=connection)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
