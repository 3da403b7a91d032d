"""The event store and the event log in memory: a list of JSON lines, so that what a database could not keep fails here too."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.catalog import BY_TOPIC
from domain.events import Actor, Recorded
from domain.ports import Append, AppendConflict
from domain.timers import SetTimer, TimerName

TimerKey = tuple[TimerName, UUID, UUID]


class Line(Struct, frozen=True, kw_only=True):
    """An event as it is written down."""

    position: int
    stream: UUID
    version: int
    id: UUID
    at: datetime
    actor: Actor
    request_id: str
    correlation_id: UUID
    causation_id: UUID | None
    topic: str
    data: msgspec.Raw


class MemoryEventStore:
    """Implements `EventStore` and `EventLog` for one event loop. `rows` holds the side rows, table by table, and `timers` what
    is set. `clock` is the store's own; tests give theirs.
    """

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self._lines: list[bytes] = []
        self._positions: dict[UUID, list[int]] = {}
        self._appended = asyncio.Event()
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.timers: dict[TimerKey, SetTimer] = {}

    async def load(self, stream: UUID) -> tuple[Recorded, ...]:
        await _let_others_run()
        return tuple(_recorded(self._lines[position - 1]) for position in self._positions.get(stream, ()))

    async def append(self, append: Append) -> tuple[Recorded, ...]:
        await _let_others_run()
        moved = frozenset(stream for stream, seen in append.expected.items() if self._version(stream) != seen)
        if moved:
            raise AppendConflict(moved)
        lines = self._lines_of(append)
        for line in lines:
            self._lines.append(msgspec.json.encode(line))
            self._positions.setdefault(line.stream, []).append(line.position)
        for row in append.rows:
            self.rows.setdefault(row.table, []).append(dict(row.values))
        self._set_timers(append)
        self._wake()
        return tuple(_recorded(self._lines[line.position - 1]) for line in lines)

    async def head(self) -> int:
        return len(self._lines)

    async def read(self, *, after: int, limit: int) -> tuple[Recorded, ...]:
        return tuple(_recorded(line) for line in self._lines[after : after + limit])

    async def wait(self, *, after: int, timeout_seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                while len(self._lines) <= after:
                    await self._appended.wait()

    async def read_at(self, positions: Sequence[int]) -> tuple[Recorded, ...]:
        found = sorted({position for position in positions if 1 <= position <= len(self._lines)})
        return tuple(_recorded(self._lines[position - 1]) for position in found)

    async def position_at(self, moment: datetime) -> int:
        for before, line in enumerate(self._lines):
            if _recorded(line).at > moment:
                return before
        return len(self._lines)

    async def find(self, event_id: UUID) -> Recorded | None:
        return next((found for found in map(_recorded, self._lines) if found.id == event_id), None)

    def _version(self, stream: UUID) -> int:
        return len(self._positions.get(stream, ()))

    def _lines_of(self, append: Append) -> list[Line]:
        versions = dict(append.expected)
        lines = []
        for position, new in enumerate(append.events, start=len(self._lines) + 1):
            versions[new.stream] += 1
            lines.append(
                Line(
                    position=position,
                    stream=new.stream,
                    version=versions[new.stream],
                    id=new.id,
                    at=append.at,
                    actor=append.context.actor,
                    request_id=append.context.request_id,
                    correlation_id=append.context.correlation_id,
                    causation_id=append.context.causation_id,
                    topic=new.event.TOPIC,
                    data=msgspec.Raw(msgspec.json.encode(new.event)),
                )
            )
        return lines

    def _set_timers(self, append: Append) -> None:
        for timer in append.timers:
            key = (timer.name, timer.subject, timer.provider_id)
            if timer.due_at is None:
                self.timers.pop(key, None)
                continue
            self.timers[key] = SetTimer(
                timer=timer,
                set_at=self.clock(),
                event_id=append.events[-1].id,
                position=len(self._lines),
                request_id=append.context.request_id,
                correlation_id=append.context.correlation_id,
            )

    def _wake(self) -> None:
        self._appended.set()
        self._appended = asyncio.Event()


async def _let_others_run() -> None:
    """As they would while a database works: what holds only because nothing comes in between must not hold here."""
    await asyncio.sleep(0)


def _recorded(encoded: bytes) -> Recorded:
    line = msgspec.json.decode(encoded, type=Line)
    return Recorded(
        id=line.id,
        position=line.position,
        stream=line.stream,
        version=line.version,
        at=line.at,
        actor=line.actor,
        request_id=line.request_id,
        correlation_id=line.correlation_id,
        causation_id=line.causation_id,
        event=msgspec.json.decode(line.data, type=BY_TOPIC[line.topic]),
    )
