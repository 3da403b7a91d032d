"""A moment of the past: a position in the global order, or a time; and which position that is."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from msgspec import Meta, Struct

from domain.errors import BadRequest, Problem
from domain.events import Recorded
from domain.evidence.ports import EventArchive

# Whoever asks for what is now, by a clock that is a little fast, does not ask for the future.
AHEAD_MAX: Final = timedelta(seconds=60)

Asked = Annotated[int, Meta(ge=0)] | Annotated[datetime, Meta(tz=True)]


class Moment(Struct, frozen=True, kw_only=True, rename="camel"):
    """`position` is that of the last event that had been stored by then, and `at` the time of that event; None in an empty past."""

    position: int
    at: datetime | None


async def position_of(log: EventArchive, asked: Asked | None, *, name: str, now: datetime) -> int:
    """The position of a moment that was asked for as `name`; None: the newest. Raises BadRequest, StoreOffline."""
    head = await log.head()
    if asked is None:
        return head
    if isinstance(asked, datetime):
        if asked > now + AHEAD_MAX:
            raise _refused(name, f"lies in the future: it is {now:%Y-%m-%dT%H:%M:%SZ}")
        return min(await log.position_at(asked), head)
    if asked > head:
        raise _refused(name, f"is behind the newest event, which is at {head}")
    return asked


async def moment_at(log: EventArchive, position: int) -> Moment:
    """Raises StoreOffline."""
    found: tuple[Recorded, ...] = await log.read_at((position,))
    return Moment(position=position, at=found[0].at if found else None)


def _refused(name: str, message: str) -> BadRequest:
    problem = Problem(pointer=f"?{name}", message=message)
    return BadRequest(f"The moment of {name} {message}.", problems=(problem,))
