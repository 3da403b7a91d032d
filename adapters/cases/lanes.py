"""What each target of a run did when: how long it waited, lay in NATS, ran and backed off, and how it ended."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from msgspec import Struct

from domain.events import Recorded
from domain.install_run.events import (
    ProviderFailed,
    ProviderGivenUp,
    ProviderLeaseExpired,
    ProviderRefused,
    ProviderRetryScheduled,
    ProviderRollbackFailed,
    ProviderRolledBack,
    ProviderStarted,
    ProviderSucceeded,
    RollbackRequested,
    RunQueued,
    Target,
    TicketTaken,
)


class Phase(StrEnum):
    WAITING = "waiting"
    IN_NATS = "in NATS"
    RUNNING = "running"
    BACKING_OFF = "backing off"


Ending = Literal["done", "failed"]


class Spell(Struct, frozen=True, kw_only=True):
    """`attempt` is the one that runs, or that it waits for. `ended` as: `overloaded:provider`, `done`; empty while it goes on."""

    phase: Phase
    since: datetime
    until: datetime
    attempt: int
    ended: str = ""

    @property
    def seconds(self) -> float:
        return (self.until - self.since).total_seconds()


class Lane(Struct, frozen=True, kw_only=True):
    """One target of one run. `ending` is None if it had not ended when the last event of the case was stored."""

    run_id: UUID
    target: Target
    spells: tuple[Spell, ...]
    ending: Ending | None
    ended_at: datetime | None
    code: str | None

    def seconds_in(self, phase: Phase) -> float:
        return sum(spell.seconds for spell in self.spells if spell.phase is phase)

    @property
    def attempts(self) -> int:
        return max((spell.attempt for spell in self.spells if spell.phase is Phase.RUNNING), default=0)


def lanes_of(events: Iterable[Recorded], *, until: datetime) -> tuple[Lane, ...]:
    """In the order in which the runs were queued, and their targets named. What still goes on does so at `until`."""
    drafts: dict[tuple[UUID, UUID], _Draft] = {}
    for recorded in events:
        if isinstance(recorded.event, RunQueued):
            for target in recorded.event.targets:
                drafts[recorded.stream, target.id] = _Draft(recorded.stream, target, recorded.at)
        else:
            for provider_id in _concerned(recorded):
                if (draft := drafts.get((recorded.stream, provider_id))) is not None:
                    draft.take(recorded)
    return tuple(draft.lane(until=until) for draft in drafts.values())


def _concerned(recorded: Recorded) -> Iterator[UUID]:
    match recorded.event:
        case RollbackRequested(run_id=None, undoes=undoes):
            yield from (undo.provider_id for undo in undoes)
        case ProviderRolledBack(run_id=run_id) | ProviderRollbackFailed(run_id=run_id) if run_id is not None:
            return
        case event if isinstance(provider_id := getattr(event, "provider_id", None), UUID):
            yield provider_id


class _Draft:
    """A lane as far as it is told."""

    def __init__(self, run_id: UUID, target: Target, at: datetime) -> None:
        self._run_id = run_id
        self._target = target
        self._spells: list[Spell] = []
        self._running = False
        self._since = at
        self._due_at: datetime | None = None
        self._attempt = 1
        self._ending: Ending | None = None
        self._ended_at: datetime | None = None
        self._code: str | None = None

    def take(self, recorded: Recorded) -> None:
        at = recorded.at
        match recorded.event:
            case ProviderStarted(attempt=attempt, ticket=ticket):
                self._attempt = attempt
                self._close(at, ticket=ticket)
                self._running, self._due_at, self._ending = True, None, None
            case ProviderRetryScheduled(due_at=due_at, attempt=attempt):
                self._attempt, self._due_at = attempt, due_at
            case ProviderFailed(code=code, final=final):
                self._fail(at, code, final=final)
            case ProviderLeaseExpired(final=final):
                self._fail(at, "lease_expired:run", final=final)
            case ProviderRefused(code=code) | ProviderGivenUp(code=code):
                self._fail(at, code, final=True)
            case ProviderSucceeded():
                self._end(at, "done", code=None, said="done")
            case RollbackRequested():
                self._open_again(at)
            case ProviderRolledBack():
                self._end(at, "failed", code="rolled_back:run", said="taken back")
            case ProviderRollbackFailed(code=code):
                self._end(at, "done", code=code, said=code)

    def lane(self, *, until: datetime) -> Lane:
        if self._ending is None:
            self._close(max(until, self._since))
        return Lane(
            run_id=self._run_id,
            target=self._target,
            spells=tuple(self._spells),
            ending=self._ending,
            ended_at=self._ended_at,
            code=self._code,
        )

    def _fail(self, at: datetime, code: str, *, final: bool) -> None:
        if final:
            self._end(at, "failed", code=code, said=code)
            return
        self._close(at, ended=code)
        self._running, self._code = False, code

    def _end(self, at: datetime, ending: Ending, *, code: str | None, said: str) -> None:
        if self._ending is None:
            self._close(at, ended=said)
        self._running, self._due_at = False, None
        self._ending, self._ended_at, self._code = ending, at, code

    def _open_again(self, at: datetime) -> None:
        self._running, self._ending, self._ended_at, self._since, self._due_at = False, None, None, at, None
        self._attempt += 1

    def _close(self, at: datetime, *, ended: str = "", ticket: TicketTaken | None = None) -> None:
        """What it did from the last change until now; what waited did so for its time, then for a ticket, then in NATS."""
        if self._running:
            self._add(Phase.RUNNING, at, ended=ended)
        else:
            if self._due_at is not None:
                self._add(Phase.BACKING_OFF, min(self._due_at, at))
            self._add(Phase.WAITING, min(ticket.issued_at, at) if ticket else at)
            if ticket is not None:
                self._add(Phase.IN_NATS, at)
        self._since = at

    def _add(self, phase: Phase, until: datetime, *, ended: str = "") -> None:
        if until > self._since or phase is Phase.RUNNING:
            until = max(until, self._since)
            spell = Spell(phase=phase, since=self._since, until=until, attempt=self._attempt, ended=ended)
            self._spells.append(spell)
            self._since = until


def times_of(lanes: Sequence[Lane]) -> Iterator[tuple[datetime, datetime]]:
    for lane in lanes:
        yield from ((spell.since, spell.until) for spell in lane.spells)
