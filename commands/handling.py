"""Load, decide, append, and again when somebody else was faster: what every command has in common."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from msgspec import Struct

from domain.errors import Busy, StoreOffline, WaybillError
from domain.events import Context, Event, Fold, Recorded
from domain.ports import Append, AppendConflict, EventStore, NewEvent, SideRow
from domain.timers import Timer

DECISIONS_MAX: Final = 20
STATES_CACHED_MAX: Final = 20_000

State = TypeVar("State")
Result = TypeVar("Result")


class Handled(Struct, frozen=True):
    """What a command led to: its events as stored, none if it stayed quiet; position and id are those of the last one."""

    events: tuple[Recorded, ...] = ()

    @property
    def position(self) -> int | None:
        return self.events[-1].position if self.events else None

    @property
    def event_id(self) -> UUID | None:
        return self.events[-1].id if self.events else None


class Seen(Struct, frozen=True):
    """A stream as it was when it was read, folded one way."""

    fold: Fold[Any]
    version: int
    state: Any


class StateCache:
    """Folded states of streams, the least recently used ones forgotten.

    A stale one does no harm: an append names the version of every stream its decision read, and a decision that appends
    nothing is taken again on fresh states.
    """

    def __init__(self, *, states_max: int = STATES_CACHED_MAX) -> None:
        self._states: OrderedDict[UUID, Seen] = OrderedDict()
        self._states_max = states_max

    def get(self, stream: UUID) -> Seen | None:
        if stream in self._states:
            self._states.move_to_end(stream)
        return self._states.get(stream)

    def put(self, stream: UUID, seen: Seen) -> None:
        self._states[stream] = seen
        self._states.move_to_end(stream)
        if len(self._states) > self._states_max:
            self._states.popitem(last=False)

    def forget(self, stream: UUID) -> None:
        self._states.pop(stream, None)


class Session:
    """One attempt at a command: what it has read and what it means to write. A fresh one reads from the store alone.

    `now` is the time at which all of it happens.
    """

    def __init__(
        self, store: EventStore, cache: StateCache, new_id: Callable[[], UUID], *, now: datetime, fresh: bool
    ) -> None:
        self.now = now
        self._store = store
        self._cache = cache
        self._new_id = new_id
        self._fresh = fresh
        self.seen: dict[UUID, Seen] = {}
        self.events: list[NewEvent] = []
        self.rows: list[SideRow] = []
        self.timers: list[Timer] = []
        self.used_cache = False

    async def load(self, stream: UUID, fold: Fold[State], *, remember_absent: bool = False) -> State | None:
        """The folded state of a stream, None if it has no events or is another noun's. Its version is checked when this
        session is stored. `remember_absent`: for one that is asked for often and hardly ever begins.
        """
        seen = self.seen.get(stream)
        if seen is None and not self._fresh:
            seen = self._cache.get(stream)
            self.used_cache = self.used_cache or seen is not None
        if seen is None:
            seen = await self._read(stream, fold)
        if seen is None or seen.fold.noun != fold.noun:
            return None
        self.seen[stream] = seen
        if remember_absent and seen.version == 0:
            self._cache.put(stream, seen)
        self._remember(stream)
        state: State | None = seen.state
        return state

    def create(self, stream: UUID, fold: Fold[Any]) -> None:
        """A stream that does not exist yet, so that there is nothing to load."""
        self.seen[stream] = Seen(fold, 0, None)

    def append(self, stream: UUID, *events: Event) -> None:
        """Mean to store these events behind what was read of the stream."""
        self.events.extend(NewEvent(id=self._new_id(), stream=stream, event=event) for event in events)

    def write(self, row: SideRow) -> None:
        """Mean to store this row in the same transaction."""
        self.rows.append(row)

    def set_timer(self, timer: Timer) -> None:
        """Mean to set or clear this timer in the same transaction."""
        self.timers.append(timer)

    @property
    def versions(self) -> Mapping[UUID, int]:
        return {stream: seen.version for stream, seen in self.seen.items()}

    def is_of_one_moment(self, before: Mapping[UUID, int] | None) -> bool:
        """Whether what was read comes from the store and was all true at once. Of several streams, which are read one after
        the other, that is so if an attempt `before` has read the same.
        """
        return not self.used_cache and (len(self.seen) < 2 or self.versions == before)

    def forget(self) -> None:
        for stream in self.seen:
            self._cache.forget(stream)

    async def store(self, context: Context) -> Handled:
        """Store what is meant. Raises AppendConflict, StoreOffline."""
        recorded = await self._store.append(
            Append(
                expected=self.versions,
                events=tuple(self.events),
                context=context,
                at=self.now,
                rows=tuple(self.rows),
                timers=tuple(self.timers),
            )
        )
        for event in recorded:
            seen = self.seen[event.stream]
            state = seen.fold.evolve(seen.state, event.event)
            self.seen[event.stream] = Seen(seen.fold, event.version, state)
        for stream in self.seen:
            self._remember(stream)
        return Handled(recorded)

    async def _read(self, stream: UUID, fold: Fold[Any]) -> Seen | None:
        history = await self._store.load(stream)
        if history and not fold.owns(history[0].event):
            return None
        return Seen(fold, len(history), fold.fold(history))

    def _remember(self, stream: UUID) -> None:
        if self.seen[stream].version > 0:
            self._cache.put(stream, self.seen[stream])


async def find(
    session: Session, text: str, *, named: Callable[[str], UUID], fold: Fold[State]
) -> tuple[UUID, State | None]:
    """What a person means by an id or a name: its stream and its state, None if there is no such thing."""
    with suppress(ValueError):
        stream = UUID(text)
        if (state := await session.load(stream, fold)) is not None:
            return stream, state
    stream = named(text)
    return stream, await session.load(stream, fold)


async def require(
    session: Session, text: str, *, named: Callable[[str], UUID], fold: Fold[State], missing: WaybillError
) -> tuple[UUID, State]:
    """The same, for those who cannot do without. Raises `missing`."""
    stream, state = await find(session, text, named=named, fold=fold)
    if state is None:
        raise missing
    return stream, state


class Watch(Protocol):
    """Sees what is decided and stored. It waits for nobody and raises nothing: no command is late or fails because of it."""

    def deciding(self, decide: Callable[..., object], context: Context) -> AbstractContextManager[object]:
        """Around a command, from its first look to its last append."""
        ...

    def stored(self, events: Sequence[Recorded], states: Mapping[UUID, Any]) -> None:
        """What was just stored, and the states of its streams after it."""
        ...


class Unwatched:
    def deciding(self, _: Callable[..., object], __: Context) -> AbstractContextManager[object]:
        return nullcontext()

    def stored(self, _: Sequence[Recorded], __: Mapping[UUID, Any]) -> None: ...


class Handling:
    """Runs decisions against the store. Time and ids come in here and nowhere else on the write side."""

    def __init__(
        self,
        *,
        store: EventStore,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        watch: Watch | None = None,
    ) -> None:
        self._store = store
        self._watch = watch or Unwatched()
        self._cache = StateCache()
        self.clock = clock
        self.new_id = new_id

    async def handle(
        self, decide: Callable[[Session], Awaitable[Result]], *, context: Context
    ) -> tuple[Result, Handled]:
        """The decision's result once its events are stored. Raises what the decision refuses with, Busy, StoreOffline."""
        with self._watch.deciding(decide, context):
            return await self._handle(decide, context)

    async def history(self, stream: UUID) -> tuple[Recorded, ...]:
        """All events of a stream as they are stored, for those who need to know more than what they come to. Raises StoreOffline."""
        return await self._store.load(stream)

    async def _handle(self, decide: Callable[[Session], Awaitable[Result]], context: Context) -> tuple[Result, Handled]:
        fresh, before = False, None
        for _ in range(DECISIONS_MAX):
            session = Session(self._store, self._cache, self.new_id, now=self.clock(), fresh=fresh)
            try:
                result = await decide(session)
                if session.events:
                    handled = await session.store(context)
                    self._watch.stored(handled.events, {stream: seen.state for stream, seen in session.seen.items()})
                    return result, handled
                if session.is_of_one_moment(before):
                    return result, Handled()
                fresh, before = True, session.versions
            except AppendConflict:
                pass
            except (StoreOffline, Busy):
                raise
            except WaybillError:
                if session.is_of_one_moment(before):
                    raise
                fresh, before = True, session.versions
            session.forget()
        raise Busy
