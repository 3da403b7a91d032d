"""A history that the write side itself adds to: its sessions are stored here, event by event."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar
from uuid import UUID, uuid4

from commands.handling import Session, StateCache
from domain.events import Actor, Event, Fold, Recorded
from domain.ports import Append
from tests.kit.facts import context
from tests.kit.projection_spec import History

State = TypeVar("State")
Result = TypeVar("Result")


class Telling(History):
    """Implements `EventStore`, for sessions of which nobody else writes at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self._streams: dict[UUID, list[Recorded]] = {}
        self._states: dict[UUID, Any] = {}

    def add(self, stream: UUID, *events: Event, actor: Actor | None = None) -> Recorded:
        last = self.events[-1] if self.events else None
        for event in events:
            last = super().add(stream, event, actor=actor)
            self._streams.setdefault(stream, []).append(last)
        self._states.pop(stream, None)
        assert last is not None
        return last

    async def load(self, stream: UUID) -> tuple[Recorded, ...]:
        return tuple(self._streams.get(stream, ()))

    async def append(self, append: Append) -> tuple[Recorded, ...]:
        return tuple(self.add(new.stream, new.event) for new in append.events)

    def state(self, stream: UUID, fold: Fold[State]) -> State | None:
        if stream not in self._states:
            self._states[stream] = fold.fold(self._streams.get(stream, ()))
        state: State | None = self._states[stream]
        return state

    def decide(self, decide: Callable[[Session], Awaitable[None]]) -> None:
        """What a command would: the domain decides, and all that follows from it is stored at once."""

        async def handle() -> None:
            session = Session(self, StateCache(), uuid4, now=self.now, fresh=True)
            await decide(session)
            assert session.events, "the domain stayed quiet: the story cannot be"
            await session.store(context())

        at_once(handle())


def at_once(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """The result of what has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    raise AssertionError("it waits for something")
