"""Follows the event log once for everybody who listens in this process, and keeps the newest events at hand.

Nothing is pushed: who listens is told that there is something, and pulls it by position, as fast as its client takes it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from contextvars import Context
from typing import Final, Literal
from uuid import UUID

import structlog

from adapters.http.event_frames import Frame, frame_of
from domain.errors import StoreOffline
from domain.ports import EventLog

RECENT_EVENTS_MAX: Final = 2_000
RECENT_BYTES_MAX: Final = 8 * 1024 * 1024
READ_EVENTS_MAX: Final = 500
# After some events those that follow on their heels are gathered, for the longer the more listen: telling somebody of it takes
# about a quarter of that, so that many listeners leave a busy server time for its requests.
GATHER_SECONDS: Final = 0.02
GATHER_SECONDS_A_LISTENER: Final = 0.0005
IDLE_SECONDS: Final = 5.0
AWAY_SECONDS: Final = 0.5

# Everything, what stands in one run's history, or what stands in one stream.
Channel = tuple[Literal["all"], None] | tuple[Literal["run", "stream"], UUID]
EVERYTHING: Final[Channel] = ("all", None)

logger = structlog.get_logger(__name__)


class Listener:
    """`heard` is set when there is something on its channel. `seen` is up to where it has looked, `following` the position of
    the first event behind that which is for it, None if there is none yet.
    """

    def __init__(self) -> None:
        self.heard = asyncio.Event()
        self.seen = 0
        self.following: int | None = None


class EventFeed:
    """It follows only as long as somebody listens. `position` is how far it has come; `turns` counts how often the store was
    set back under it, after which positions mean something else than before.
    """

    def __init__(
        self,
        log: EventLog,
        *,
        recent_events_max: int = RECENT_EVENTS_MAX,
        gather_seconds: float = GATHER_SECONDS,
    ) -> None:
        self._log = log
        self._gather_seconds = gather_seconds
        self._recent_events_max = recent_events_max
        self._listeners: dict[Channel, set[Listener]] = {}
        self._recent: dict[int, Frame] = {}
        self._oldest = 1
        self._bytes = 0
        self._starting: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self.position = 0
        self.turns = 0

    @asynccontextmanager
    async def listening(self, channel: Channel) -> AsyncIterator[Listener]:
        """Raises StoreOffline if it cannot be said where the log ends."""
        listener = Listener()
        self._listeners.setdefault(channel, set()).add(listener)
        try:
            await self._begin()
            listener.seen = self.position
            yield listener
        finally:
            self._leave(channel, listener)

    def recent(self, *, after: int) -> Iterator[Frame] | None:
        """The events behind this position, None if the first of them is not at hand any more."""
        if after < self._oldest - 1:
            return None
        return (self._recent[position] for position in range(after + 1, self.position + 1))

    def first_for(self, listener: Listener, *, after: int) -> int:
        """The position behind which the first event stands that is for it, if it has everything up to `after`."""
        if after < listener.seen:
            return after
        return max(after, self.position if listener.following is None else listener.following - 1)

    def look(self, listener: Listener, *, upto: int) -> None:
        """It has everything up to here."""
        listener.seen = upto
        listener.following = None if upto >= self.position else upto + 1

    async def _begin(self) -> None:
        """All who come while it begins wait for the same attempt, and who leaves does not end it for the others."""
        if self._following is not None:
            return
        if self._starting is None:
            # What it logs is not about the request that happened to be the first.
            self._starting = asyncio.create_task(self._start(), context=Context())
        await asyncio.shield(self._starting)

    async def _start(self) -> None:
        try:
            self._stand_at(await self._log.head())
            if self._listeners:
                self._following = asyncio.create_task(self._follow())
        finally:
            self._starting = None

    def _leave(self, channel: Channel, listener: Listener) -> None:
        self._listeners[channel].discard(listener)
        if not self._listeners[channel]:
            del self._listeners[channel]
        if not self._listeners and self._following is not None:
            self._following.cancel()
            self._following = None

    def _stand_at(self, position: int) -> None:
        self._recent.clear()
        self._bytes = 0
        self._oldest = position + 1
        self.position = position

    async def _follow(self) -> None:
        while True:
            try:
                await self._log.wait(after=self.position, timeout_seconds=IDLE_SECONDS)
                if not await self._take():
                    await self._look_back()
            except StoreOffline:
                await asyncio.sleep(AWAY_SECONDS)
            except Exception:
                logger.exception("live_events_interrupted", position=self.position)
                await asyncio.sleep(AWAY_SECONDS)

    async def _take(self) -> bool:
        """Whether there was anything."""
        events = await self._log.read(after=self.position, limit=READ_EVENTS_MAX)
        frames = [frame_of(recorded) for recorded in events]
        for frame in frames:
            self._keep(frame)
            self.position = frame.position
        told = sum(self._tell(frame) for frame in frames)
        if 0 < len(frames) < READ_EVENTS_MAX:
            await asyncio.sleep(max(self._gather_seconds, told * GATHER_SECONDS_A_LISTENER))
        return bool(frames)

    async def _look_back(self) -> None:
        """A store that has less than it had is another one, restored from a copy."""
        head = await self._log.head()
        if head >= self.position:
            return
        logger.warning("store_set_back", position=self.position, head=head)
        self._stand_at(head)
        self.turns += 1
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.heard.set()

    def _keep(self, frame: Frame) -> None:
        self._recent[frame.position] = frame
        self._bytes += len(frame.message)
        while len(self._recent) > self._recent_events_max or (self._bytes > RECENT_BYTES_MAX and len(self._recent) > 1):
            self._bytes -= len(self._recent.pop(self._oldest).message)
            self._oldest += 1

    def _tell(self, frame: Frame) -> int:
        """How many had not heard of anything yet."""
        told = 0
        for channel in _channels(frame):
            for listener in self._listeners.get(channel, ()):
                if listener.following is None:
                    listener.following = frame.position
                told += not listener.heard.is_set()
                listener.heard.set()
        return told


def _channels(frame: Frame) -> Iterator[Channel]:
    yield EVERYTHING
    yield "stream", frame.stream
    if frame.run_id is not None:
        yield "run", frame.run_id
