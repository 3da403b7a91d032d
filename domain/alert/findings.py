"""What a rule finds, and because of which event; and that something has to last before it is worth saying."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from domain.alert.decisions import Condition
from domain.alert.events import Facts
from domain.events import Recorded


class Cause(Struct, frozen=True, kw_only=True):
    """The event that made it so, whose request and correlation the alert carries on."""

    event_id: UUID
    request_id: str
    correlation_id: UUID


class Finding(Struct, frozen=True, kw_only=True):
    """`cause` is None where no single event made it so."""

    condition: Condition
    cause: Cause | None = None


class Trouble(Struct, frozen=True, kw_only=True):
    """What is wrong with one thing. `size` is how far it has gone, where that can get better: what gets better has not lasted.
    `certain`: it does not pass by itself, so that nobody waits to see whether it does.
    """

    facts: Facts
    size: int = 0
    certain: bool = False


class Since(Struct, frozen=True, kw_only=True):
    at: datetime
    size: int


class Lasting:
    """Since when there is trouble, by its subject. It knows only what it was shown: what is open already has lasted."""

    def __init__(self, *, after_seconds: int) -> None:
        self._after = timedelta(seconds=after_seconds)
        self._since: dict[str, Since] = {}

    def those(
        self, troubles: Mapping[str, Trouble], *, now: datetime, opened: Collection[str]
    ) -> Iterator[tuple[str, Trouble]]:
        """What has lasted, of what is wrong now."""
        self._since = {subject: self._begun(subject, trouble, now) for subject, trouble in troubles.items()}
        for subject, trouble in troubles.items():
            if trouble.certain or subject in opened or now - self._since[subject].at >= self._after:
                yield subject, trouble

    def _begun(self, subject: str, trouble: Trouble, now: datetime) -> Since:
        before = self._since.get(subject)
        if before is None or trouble.size < before.size:
            return Since(at=now, size=trouble.size)
        return before


def cause_of(recorded: Recorded) -> Cause:
    return Cause(event_id=recorded.id, request_id=recorded.request_id, correlation_id=recorded.correlation_id)


def timestamp(at: datetime) -> str:
    """As facts have it: RFC 3339 in UTC, to the second."""
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"
