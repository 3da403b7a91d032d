"""Where the time of a run went: what each of its targets did or waited for, from when to when."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from workers.terminal.answers import Event
from workers.terminal.run_places import Places

NOTHING: Final = timedelta()


class Stay(StrEnum):
    """What a target waits for, or that it is worked on: for the slot, that its connection is used again, for the time of its
    retry, for a ticket, for an installer who takes that, and for the provider.
    """

    SLOT = "slot"
    PAUSED = "paused"
    BACKOFF = "backoff"
    TICKET = "ticket"
    NATS = "nats"
    RUNNING = "running"


# Of these one is entered with the event, and left with the next one that enters or ends.
ENTERED: Final[Mapping[str, Stay]] = {
    "InstallationAwaited": Stay.SLOT,
    "InstallationReserved": Stay.TICKET,
    "ProviderStarted": Stay.RUNNING,
    "ProviderRetryScheduled": Stay.BACKOFF,
}
LEFT: Final = frozenset(
    {"ProviderRefused", "ProviderSucceeded", "ProviderGivenUp", "ProviderRolledBack", "ProviderRollbackFailed"}
)
LEFT_IF_FINAL: Final = frozenset({"ProviderFailed", "ProviderLeaseExpired"})
ENDED: Final = frozenset({"RunSucceeded", "RunPartiallyFailed", "RunFailed"})


class Pause(Struct, frozen=True):
    """A connection was not used; `until` is None if it still is not."""

    since: datetime
    until: datetime | None


class Stretch(Struct, frozen=True):
    stay: Stay
    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        return self.until - self.since


class TargetTimes(Struct, frozen=True, kw_only=True):
    """`deliveries`: how often NATS brought the tickets of its attempts; None if that is not on record."""

    name: str
    stretches: tuple[Stretch, ...]
    attempts: int
    deliveries: int | None

    def spent(self, stay: Stay) -> timedelta:
        return sum((stretch.length for stretch in self.stretches if stretch.stay is stay), NOTHING)

    @property
    def total(self) -> timedelta:
        return sum((stretch.length for stretch in self.stretches), NOTHING)


class RunTimes(Struct, frozen=True, kw_only=True):
    """`started_at` and `ended_at` are None for what has not happened yet; `until` is as far as this goes."""

    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    until: datetime
    targets: tuple[TargetTimes, ...]


def times_of(
    events: Sequence[Event], *, places: Places, pauses: Mapping[str, Sequence[Pause]], now: datetime
) -> RunTimes | None:
    """From all events of a run; `pauses` are by the name of the connection. None without a beginning."""
    if not events or events[0].event != "RunQueued":
        return None
    ended_at = next((event.at for event in reversed(events) if event.event in ENDED), None)
    until = ended_at or max(now, events[-1].at)
    lanes = {name: Lane(name, pauses.get(name, ()), begins_at=events[0].at) for name in places.names}
    for event in events:
        # A newer server may tell an event of the same name in other words; then its time counts for what was before.
        with suppress(AttributeError, KeyError, TypeError, ValueError):
            for name in places.of(event):
                lanes[name].see(event)
    return RunTimes(
        queued_at=events[0].at,
        started_at=next((event.at for event in events if event.event == "RunStarted"), None),
        ended_at=ended_at,
        until=until,
        targets=tuple(lane.times(until=until) for lane in lanes.values()),
    )


class Lane:
    """One target, followed from event to event."""

    def __init__(self, name: str, pauses: Sequence[Pause], *, begins_at: datetime) -> None:
        self._name = name
        self._pauses = pauses
        self._stay: Stay | None = Stay.TICKET
        self._since = begins_at
        self._due_at: datetime | None = None
        self._stretches: list[Stretch] = []
        self._attempts = 0
        self._deliveries: Counter[int] = Counter()

    def see(self, event: Event) -> None:
        """Raises KeyError, TypeError or ValueError for what is not in the shape that this version knows."""
        entered = ENTERED.get(event.event)
        if event.event == "ProviderStarted":
            self._start(event)
        elif entered is not None:
            due_at = datetime.fromisoformat(event.data["dueAt"]) if entered is Stay.BACKOFF else None
            self._enter(entered, event.at, due_at=due_at)
        elif event.event in LEFT or (event.event in LEFT_IF_FINAL and event.data["final"]):
            self._enter(None, event.at)
        elif event.event in LEFT_IF_FINAL or event.event == "RollbackRequested":
            self._enter(Stay.TICKET, event.at)

    def times(self, *, until: datetime) -> TargetTimes:
        self._enter(None, until)
        known = len(self._deliveries) > 0
        return TargetTimes(
            name=self._name,
            stretches=tuple(self._stretches),
            attempts=self._attempts,
            deliveries=sum(self._deliveries.values()) if known else None,
        )

    def _start(self, event: Event) -> None:
        ticket = event.data.get("ticket")
        issued_at = None
        if ticket is not None:
            issued_at = datetime.fromisoformat(ticket["issuedAt"])
            self._deliveries[ticket["sequence"]] = ticket["deliveries"]
        self._attempts += 1
        self._enter(Stay.RUNNING, event.at, issued_at=issued_at)

    def _enter(
        self, stay: Stay | None, at: datetime, *, due_at: datetime | None = None, issued_at: datetime | None = None
    ) -> None:
        if self._stay is not None:
            self._stretches += self._stretched(self._stay, at, issued_at)
        self._stay, self._since, self._due_at = stay, max(at, self._since), due_at

    def _stretched(self, stay: Stay, until: datetime, issued_at: datetime | None) -> Iterator[Stretch]:
        """A wait for the next attempt is several in a row: until it is due, until there is a ticket, until that is taken."""
        since = self._since
        if stay in (Stay.SLOT, Stay.RUNNING):
            yield from _some(stay, since, until)
            return
        due_at = _between(since, self._due_at or since, until)
        issued = _between(due_at, issued_at or until, until)
        yield from _some(Stay.BACKOFF, since, due_at)
        yield from self._unless_paused(Stay.TICKET, due_at, issued)
        yield from self._unless_paused(Stay.NATS, issued, until)

    def _unless_paused(self, stay: Stay, since: datetime, until: datetime) -> Iterator[Stretch]:
        for pause in self._pauses:
            begins = _between(since, pause.since, until)
            ends = _between(since, pause.until or until, until)
            if begins < ends:
                yield from _some(stay, since, begins)
                yield Stretch(Stay.PAUSED, begins, ends)
                since = ends
        yield from _some(stay, since, until)


def _some(stay: Stay, since: datetime, until: datetime) -> Iterator[Stretch]:
    if since < until:
        yield Stretch(stay, since, until)


def _between(earliest: datetime, at: datetime, latest: datetime) -> datetime:
    """The clocks of the database and of NATS differ a little."""
    return min(max(at, earliest), latest)
