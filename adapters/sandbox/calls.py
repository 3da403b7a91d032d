"""The call log: what the sandbox was asked, in order of arrival, and what became of it."""

from datetime import UTC, datetime
from itertools import count

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from adapters.sandbox.faults import Kind

CALLS_MAX = 10_000


class Call(Struct, frozen=True, kw_only=True):
    """`status` is null while the call is under way and for ever when its connection was cut; `applied`: it was carried out;
    `traceparent` is there if the caller sent one.
    """

    at: datetime
    provider: str
    operation: str
    status: int | None = None
    fault: Kind | None = None
    applied: bool = False
    traceparent: str | UnsetType = UNSET


class Calls:
    def __init__(self) -> None:
        self._numbers = count()
        self._calls: dict[int, Call] = {}

    def begin(self, provider: str, operation: str, *, traceparent: str | UnsetType = UNSET) -> int:
        """The number by which `note` adds to the call; past CALLS_MAX the oldest call is forgotten."""
        number = next(self._numbers)
        self._calls[number] = Call(
            at=datetime.now(UTC), provider=provider, operation=operation, traceparent=traceparent
        )
        self._calls.pop(number - CALLS_MAX, None)
        return number

    def note(self, number: int, **changes: int | str | bool | None) -> None:
        if number in self._calls:
            self._calls[number] = replace(self._calls[number], **changes)

    def list(self) -> list[Call]:
        return list(self._calls.values())
