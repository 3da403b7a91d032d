"""A client of the live streams, as strict as a browser's: what it got, and from where it would go on."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx2
import msgspec
from msgspec import Struct

PATIENCE_SECONDS: Final = 10.0


class Sent(Struct, frozen=True):
    """One event, as a browser would dispatch it."""

    name: str
    data: Any
    id: int | None

    @property
    def position(self) -> int:
        position: int = self.data["position"]
        return position


class Stream:
    """`last_id` is what would be sent as `Last-Event-ID`; `pings` counts the comments."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self.last_id: int | None = None
        self.retry: int | None = None
        self.pings = 0
        self._lines = answer.aiter_lines()

    async def next(self, seconds: float = PATIENCE_SECONDS) -> Sent:
        """The next event. Raises EOFError when the stream is over, TimeoutError."""
        async with asyncio.timeout(seconds):
            return await self._next()

    async def take(self, count: int) -> list[Sent]:
        return [await self.next() for _ in range(count)]

    async def to_the_end(self, seconds: float = PATIENCE_SECONDS) -> list[Sent]:
        events = []
        async with asyncio.timeout(seconds):
            while True:
                try:
                    events.append(await self._next())
                except EOFError:
                    return events

    async def ping(self) -> None:
        """Return after the next ping; nothing else may come before it."""
        before = self.pings
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.pings == before:
                await self.line()

    async def line(self) -> None:
        """Read one, for what it says beside the events."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            self._field(await self._line(), {})

    async def _next(self) -> Sent:
        fields: dict[str, list[str]] = {}
        while True:
            line = await self._line()
            if line:
                self._field(line, fields)
            elif fields.get("data"):
                data = msgspec.json.decode("\n".join(fields["data"]))
                return Sent(name=fields.get("event", ["message"])[-1], data=data, id=self.last_id)
            else:
                fields = {}

    async def _line(self) -> str:
        try:
            return await anext(self._lines)
        except StopAsyncIteration:
            raise EOFError from None

    def _field(self, line: str, fields: dict[str, list[str]]) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "":
                self.pings += 1
            case "id":
                self.last_id = int(value)
            case "retry":
                self.retry = int(value)
            case _:
                fields.setdefault(name, []).append(value)


@asynccontextmanager
async def listen(
    client: httpx2.AsyncClient,
    path: str = "/api/events",
    *,
    last_id: int | None = None,
    **query: Any,
) -> AsyncIterator[Stream]:
    headers: Mapping[str, str] = {} if last_id is None else {"Last-Event-ID": str(last_id)}
    patience = httpx2.Timeout(PATIENCE_SECONDS, read=None)
    async with client.stream("GET", path, params=query, headers=headers, timeout=patience) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["Content-Type"] == "text/event-stream"
        yield Stream(answer)
