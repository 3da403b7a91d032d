"""How the read models are doing: how far behind each is, and why one stands still."""

from typing import Final
from uuid import UUID

from msgspec import Struct

from queries.reading import Reader

# What a working projector makes up for at once; more than this is worth saying.
LAG_MAX: Final = 1000


class ReadModelHealth(Struct, frozen=True, kw_only=True, rename="camel"):
    """`lag` counts the events that are not in it yet. `parked_event` is the event that it could not take."""

    name: str
    position: int
    lag: int
    parked_event: UUID | None
    parked_error: str | None

    @property
    def healthy(self) -> bool:
        return self.parked_event is None and self.lag <= LAG_MAX


async def read_model_health(reader: Reader) -> tuple[ReadModelHealth, ...]:
    standing = await reader.standing()
    return tuple(
        ReadModelHealth(
            name=tracking.name,
            position=tracking.position,
            lag=max(0, standing.head - tracking.position),
            parked_event=tracking.parked_event,
            parked_error=tracking.parked_error,
        )
        for tracking in standing.read_models
    )
