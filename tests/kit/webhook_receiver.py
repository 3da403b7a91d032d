"""Somebody else's webhook over real HTTP, which can be told to misbehave."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from msgspec import Struct

HUGE_BYTES = 64 * 1024 * 1024
CHUNK = b"x" * 65_536


class Received(Struct, frozen=True, kw_only=True):
    """`at_seconds` by the clock of the loop."""

    path: str
    headers: dict[str, str]
    body: bytes
    at_seconds: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Conduct = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(status: int, **headers: str) -> Conduct:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())

    async def conduct(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status} Status\r\n{lines}Content-Length: 2\r\n\r\nok".encode())

    return conduct


async def hang(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def drop(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def garbage(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-nothing\r\n\r\n")


async def drip(writer: asyncio.StreamWriter) -> None:
    """Delivered, with an answer that never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n.")
    await hang(writer)


async def creep(writer: asyncio.StreamWriter) -> None:
    """An answer whose head comes a byte at a time, each before anybody tires of waiting for the next."""
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not writer.is_closing():
        writer.write(b".")
        await writer.drain()
        with suppress(TimeoutError):
            await asyncio.wait_for(hang(writer), 0.05)


class Huge:
    """Delivered, with an answer that nobody wants to read; `taken` is how much of it went out."""

    def __init__(self) -> None:
        self.taken = 0

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {HUGE_BYTES}\r\n\r\n".encode())
        while self.taken < HUGE_BYTES:
            writer.write(CHUNK)
            await writer.drain()
            self.taken += len(CHUNK)


class WebhookReceiver:
    """Does what is next in `conducts`, and after those `always`."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.conducts: deque[Conduct] = deque()
        self.always: Conduct = answer(200)
        self.port = 0
        self.changed = asyncio.Event()
        self._answering: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/secret-in-the-path"

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.received]

    async def until(self, count: int, *, seconds: float = 20.0) -> list[Received]:
        """What came, when so much has come."""
        async with asyncio.timeout(seconds):
            while len(self.received) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.received

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._answering.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while not writer.is_closing():
                await self._answer(reader, writer)
        self._answering.discard(task)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.received.append(
            Received(
                path=head[0].split(" ")[1], headers=headers, body=body, at_seconds=asyncio.get_running_loop().time()
            )
        )
        self.changed.set()
        conduct = self.conducts.popleft() if self.conducts else self.always
        await conduct(writer)
        await writer.drain()


@asynccontextmanager
async def receiving() -> AsyncIterator[WebhookReceiver]:
    receiver = WebhookReceiver()
    server = await asyncio.start_server(receiver._serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in tuple(receiver._answering):
            task.cancel()
        await asyncio.gather(*receiver._answering, return_exceptions=True)
