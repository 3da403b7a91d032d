"""Who looks on while a relay or a projector takes in what happened, batch by batch."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

from domain.events import Recorded


class BatchWatch(Protocol):
    """It waits for nobody and raises nothing of its own."""

    def relaying(self, events: Sequence[Recorded]) -> AbstractContextManager[object]: ...

    def projecting(self, events: Sequence[Recorded]) -> AbstractContextManager[object]: ...

    def parked(self) -> None:
        """A read model could not take an event."""
        ...


class Unwatched:
    def relaying(self, _: Sequence[Recorded]) -> AbstractContextManager[object]:
        return nullcontext()

    def projecting(self, _: Sequence[Recorded]) -> AbstractContextManager[object]:
        return nullcontext()

    def parked(self) -> None: ...


UNWATCHED: Final = Unwatched()
