"""What a live stream is fed from: the newest events, which are at hand, and the store for all that is older."""

from collections.abc import Callable, Iterable
from typing import Final, Protocol
from uuid import UUID

from msgspec import Struct

from adapters.http.event_feed import EventFeed, Listener
from adapters.http.event_frames import Frame, frame_of, owning_run
from domain.errors import HistoryTooNew, RunNotFound
from domain.install_run.events import RunQueued
from domain.install_run.state import ENDINGS
from domain.installation.state import installation_stream
from domain.ports import EventLog, EventStore

# What is held for a client that does not read; a single event may be larger.
PULL_BYTES_MAX: Final = 64 * 1024
BACKLOG_EVENTS_MAX: Final = 100


class Pulled(Struct, frozen=True):
    """The next messages, none if there is nothing now. `behind`: there may be more at once."""

    message: bytes
    behind: bool


class Source(Protocol):
    """`position`: everything up to here has been pulled. `listener` hears of what comes."""

    listener: Listener
    position: int

    @property
    def over(self) -> bool:
        """Nothing comes any more."""
        ...

    async def pull(self) -> Pulled:
        """Raises StoreOffline."""
        ...


class AllEvents:
    """Every event of the log that is wanted; it is never over."""

    over = False

    def __init__(
        self,
        *,
        feed: EventFeed,
        listener: Listener,
        log: EventLog,
        wanted: Callable[[Frame], bool],
        position: int,
    ) -> None:
        self._feed = feed
        self._log = log
        self._wanted = wanted
        self.listener = listener
        self.position = position

    async def pull(self) -> Pulled:
        start = self._feed.first_for(self.listener, after=self.position)
        frames: Iterable[Frame] | None = self._feed.recent(after=start)
        if frames is None:
            frames = map(frame_of, await self._log.read(after=start, limit=BACKLOG_EVENTS_MAX))
        gathered = gather(frames, self._wanted, after=start)
        self.position = gathered.position
        self._feed.look(self.listener, upto=self.position)
        return Pulled(gathered.message, behind=self.position < self._feed.position)


class RunEvents:
    """What stands in the history of one run, read from the streams themselves, which are never behind. It is over when the run
    has ended and everything was pulled that was stored by then.
    """

    def __init__(
        self, *, feed: EventFeed, listener: Listener, log: EventLog, store: EventStore, run_id: UUID, position: int
    ) -> None:
        self._feed = feed
        self._log = log
        self._store = store
        self._run_id = run_id
        self._streams: tuple[UUID, ...] = ()
        self._ended = False
        self._complete_at: int | None = None
        self.listener = listener
        self.position = position

    @property
    def over(self) -> bool:
        return self._complete_at is not None and self.position >= self._complete_at

    async def begin(self) -> None:
        """Raises RunNotFound, HistoryTooNew, StoreOffline."""
        history = await self._store.load(self._run_id)
        if not history or owning_run(history[0]) != self._run_id:
            raise RunNotFound(f"No install run has the id {self._run_id}.")
        queued = history[0].event
        if not isinstance(queued, RunQueued):
            raise HistoryTooNew(f"This server is too old for what happened here: it does not know {history[0].topic}.")
        slots = (installation_stream(queued.skill.id, target.id) for target in queued.targets)
        self._streams = (self._run_id, *slots)
        self._ended = any(type(recorded.event) in ENDINGS for recorded in history)

    async def pull(self) -> Pulled:
        if self._ended and self._complete_at is None:
            # What is stored together with the end is there by now, and stands before this position.
            self._complete_at = await self._log.head()
        start = self._feed.first_for(self.listener, after=self.position)
        upto = self._complete_at or self._feed.position
        frames: Iterable[Frame] | None = self._feed.recent(after=start) if self._complete_at is None else None
        if frames is None:
            start, frames = self.position, await self._stored(upto=upto)
        gathered = gather(frames, self._is_of_run, after=start)
        self._ended = self._ended or gathered.ended
        self.position = max(self.position, upto) if gathered.whole else gathered.position
        self._feed.look(self.listener, upto=self.position)
        return Pulled(gathered.message, behind=self._ended or self.position < self._feed.position)

    async def _stored(self, *, upto: int) -> list[Frame]:
        """Those of the run up to this position, which has been reached before, in all streams that may hold some."""
        found = [recorded for stream in self._streams for recorded in await self._store.load(stream)]
        asked = [
            recorded
            for recorded in found
            if self.position < recorded.position <= upto and owning_run(recorded) == self._run_id
        ]
        return [frame_of(recorded) for recorded in sorted(asked, key=lambda recorded: recorded.position)]

    def _is_of_run(self, frame: Frame) -> bool:
        return frame.run_id == self._run_id


class Gathered(Struct, frozen=True):
    """`position` is that of the last event that was looked at; `whole`: that was the last one. `ended`: a run has with one of
    them.
    """

    message: bytes
    position: int
    whole: bool
    ended: bool


def gather(frames: Iterable[Frame], wanted: Callable[[Frame], bool], *, after: int) -> Gathered:
    """The messages of the first of them that are wanted, up to PULL_BYTES_MAX and at least one."""
    messages: list[bytes] = []
    size, position, ended = 0, after, False
    for frame in frames:
        if wanted(frame):
            if messages and size + len(frame.message) > PULL_BYTES_MAX:
                return Gathered(b"".join(messages), position, whole=False, ended=ended)
            messages.append(frame.message)
            size += len(frame.message)
            ended = ended or frame.ends_run
        position = frame.position
    return Gathered(b"".join(messages), position, whole=True, ended=ended)
