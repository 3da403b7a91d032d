"""The tree of causes of a run, put together from its events and those that they rest on; nothing here asks anybody."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.errors import Code
from domain.events import Recorded
from domain.install_run.events import ProviderGivenUp, RollbackRequested, RunCancelRequested, RunRetried
from domain.install_run.state import ENDINGS
from domain.installation.events import InstallationAwaited, InstallationReserved
from projections.run_history import run_of
from queries.cause_nodes import Because, CauseLink, CauseNode, link_to, name_of, said_of, spent_on

# What hangs deeper goes on at this depth: programs that read JSON go so deep, and few go much deeper.
DEPTH_MAX: Final = 100
# Worth a person's look: this part of the time that the run took, and no blink of an eye.
SLOW_SHARE: Final = 0.2
SLOW_SECONDS_MIN: Final = 1.0

# All events of one append have these in common, and hardly those of another.
Append = tuple[datetime, str, str, UUID, UUID | None]


class Place(Struct, frozen=True):
    """Where an event hangs: under the event `above`, None: it begins a tree."""

    above: Recorded | None
    because: Because
    also: tuple[CauseLink, ...] = ()


class Woods:
    """`events` are those that get a node, `others` those that are only pointed at; both in the order of the log. `names` are those of
    the run's targets, by the ids of the connections and of the pairs.
    """

    def __init__(
        self, *, run_id: UUID, events: Sequence[Recorded], others: Iterable[Recorded], names: Mapping[UUID, str]
    ) -> None:
        self._run_id = run_id
        self._names = names
        self._events = events
        self._nodes: Mapping[UUID, Recorded] = {event.id: event for event in events}
        self._others: Mapping[UUID, Recorded] = {event.id: event for event in others}
        self._first_of: dict[Append, Recorded] = {}
        self._named: dict[UUID, tuple[Recorded, Because]] = {}
        self._awaited: dict[tuple[UUID, UUID], Recorded] = {}
        self._cancelled: Recorded | None = None
        for recorded in events:
            self._first_of.setdefault(append_of(recorded), recorded)
            self._note(recorded)

    def roots(self, *, links: Mapping[UUID, tuple[CauseLink, ...]]) -> tuple[CauseNode, ...]:
        """`links` are what is known besides, by the event that rests on it. A cause stands before what it causes: whatever claims
        otherwise begins a tree of its own, so that there are no circles.
        """
        places = self._places()
        critical = self._critical(places)
        slow_from = self._slow_from()
        children: dict[UUID, list[CauseNode]] = {}
        roots: list[CauseNode] = []
        for recorded in reversed(self._events):
            place = places[recorded.id]
            node = _node(
                recorded,
                place,
                provider=self._provider(recorded),
                also=(*place.also, *links.get(recorded.id, ())),
                slow_from=slow_from,
                critical=recorded.id in critical,
                children=tuple(reversed(children.pop(recorded.id, ()))),
            )
            (roots if place.above is None else children.setdefault(place.above.id, [])).append(node)
        return tuple(reversed(roots))

    def _provider(self, recorded: Recorded) -> str | None:
        about = getattr(recorded.event, "provider_id", recorded.stream)
        return self._names.get(about)

    def _note(self, recorded: Recorded) -> None:
        match recorded.event:
            case RunRetried(run_id=run_id):
                self._named[run_id] = (recorded, "retry")
            case RollbackRequested(run_id=run_id) if run_id is not None:
                self._named[run_id] = (recorded, "rollback")
            case RunCancelRequested():
                self._cancelled = recorded
            case InstallationAwaited(run_id=run_id):
                self._awaited[recorded.stream, run_id] = recorded

    def _places(self) -> dict[UUID, Place]:
        places: dict[UUID, Place] = {}
        depths: dict[UUID, int] = {}
        for recorded in self._events:
            place = self._place(recorded)
            above = place.above
            if above is not None and depths[above.id] >= DEPTH_MAX:
                above = places[above.id].above
                place = Place(above, place.because, place.also)
            places[recorded.id] = place
            depths[recorded.id] = 1 if above is None else depths[above.id] + 1
        return places

    def _place(self, recorded: Recorded) -> Place:
        event = recorded.event
        if isinstance(event, InstallationReserved):
            awaited = self._awaited.get((recorded.stream, event.run_id))
            if awaited is not None and awaited.position < recorded.position:
                return Place(awaited, "turn")
        first = self._first_of[append_of(recorded)]
        if first is not recorded:
            return Place(first, "together", self._cancel_of(recorded, first))
        if recorded.causation_id is None:
            return Place(None, "begin")
        cause = self._nodes.get(recorded.causation_id)
        if cause is not None and cause.position < recorded.position:
            return Place(cause, "cause")
        return self._place_beside(recorded, self._others.get(recorded.causation_id))

    def _cancel_of(self, recorded: Recorded, first: Recorded) -> tuple[CauseLink, ...]:
        """That the run was cancelled keeps what fails later from being tried again."""
        event, cancelled = recorded.event, self._cancelled
        if not isinstance(event, ProviderGivenUp) or event.code is not Code.RUN_CANCELLED:
            return ()
        return () if cancelled is None or cancelled is first else (link_to(cancelled, because="cancel"),)

    def _place_beside(self, recorded: Recorded, cause: Recorded | None) -> Place:
        """Its cause gets no node: it is in another run, or nowhere."""
        if cause is None or cause.position >= recorded.position:
            return Place(None, "lost", (CauseLink(because="lost", id=recorded.causation_id),))
        link = link_to(cause, because="cause")
        named = self._named.get(run_of(cause) or self._run_id)
        if named is not None and named[0].position < recorded.position:
            return Place(*named, (link,))
        return Place(None, "elsewhere", (link,))

    def _critical(self, places: Mapping[UUID, Place]) -> frozenset[UUID]:
        """What led to the end of the run, or to what happened last."""
        step = self._end()
        found: set[UUID] = set()
        while step is not None:
            found.add(step.id)
            step = places[step.id].above
        return frozenset(found)

    def _end(self) -> Recorded | None:
        own = [recorded for recorded in self._events if run_of(recorded) == self._run_id]
        ended = [recorded for recorded in own if type(recorded.event) in ENDINGS]
        return next(reversed(ended or own), None)

    def _slow_from(self) -> tuple[float, datetime | None]:
        """So many seconds are slow, of what happened up to this time."""
        own = [recorded for recorded in self._events if run_of(recorded) == self._run_id]
        end = self._end()
        if end is None:
            return SLOW_SECONDS_MIN, None
        seconds = (end.at - own[0].at).total_seconds()
        return max(seconds * SLOW_SHARE, SLOW_SECONDS_MIN), end.at


def append_of(recorded: Recorded) -> Append:
    return (recorded.at, recorded.request_id, recorded.actor.id, recorded.correlation_id, recorded.causation_id)


def _node(
    recorded: Recorded,
    place: Place,
    *,
    provider: str | None,
    also: tuple[CauseLink, ...],
    slow_from: tuple[float, datetime | None],
    critical: bool,
    children: tuple[CauseNode, ...],
) -> CauseNode:
    above = place.above
    seconds = None if above is None else max((recorded.at - above.at).total_seconds(), 0.0)
    seconds_min, until = slow_from
    return CauseNode(
        id=recorded.id,
        position=recorded.position,
        event=name_of(recorded),
        stream=recorded.stream,
        at=recorded.at,
        actor=recorded.actor,
        run_id=run_of(recorded),
        provider=provider,
        because=place.because,
        after_seconds=seconds,
        spent=None if above is None or place.because == "together" else spent_on(recorded, above),
        slow=seconds is not None and seconds >= seconds_min and until is not None and recorded.at <= until,
        critical=critical,
        say=said_of(recorded.event),
        also=also,
        children=children,
    )
