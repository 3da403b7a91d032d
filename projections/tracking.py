"""How far each read model has come, and the port through which the projector moves it on."""

from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

from msgspec import Struct

from domain.events import Recorded

ROLE: Final = "projector"


class RoleLostError(Exception):
    """Somebody else is projector now; nothing was written."""


class Tracking(Struct, frozen=True, kw_only=True):
    """`position` and `event` are those of the last event in the rows, 0 and None before the first.

    A parked read model stands still before the event that it could not take, and says why.
    """

    name: str
    generation: int
    position: int = 0
    event: UUID | None = None
    parked_event: UUID | None = None
    parked_error: str | None = None

    @property
    def parked(self) -> bool:
        return self.parked_event is not None


class Standing(Struct, frozen=True, kw_only=True):
    """The position of the newest event, and of every read model."""

    head: int
    read_models: tuple[Tracking, ...]


class ReadModels(Protocol):
    """Every write holds only while the epoch is that of the projector's role. All raise StoreOffline and RoleLostError."""

    async def open(self, epoch: int) -> tuple[Tracking, ...]:
        """Create the tables that are missing, give parked read models another try, and say where each one stands."""
        ...

    async def apply(self, names: Sequence[str], *, events: Sequence[Recorded], epoch: int) -> tuple[Tracking, ...]:
        """Take the next events into read models that stand at the same position, rows and position in one transaction.

        A read model that cannot take one of them is parked before that event; the others go on.
        """
        ...

    async def rewind(self, name: str, *, epoch: int) -> Tracking:
        """Empty a read model, to be built again from the first event."""
        ...
