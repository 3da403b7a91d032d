"""The runs that have not ended, folded from events: which of them take too long, and which the watchdog has to help on again and
again.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from domain.alert.decisions import Condition
from domain.alert.events import Facts
from domain.alert.findings import Cause, Finding, cause_of, timestamp
from domain.alert.rules import LongRunning, RuleName, Stuck
from domain.events import Recorded
from domain.install_run.events import (
    ProviderFailed,
    ProviderGivenUp,
    ProviderLeaseExpired,
    ProviderRefused,
    ProviderRescued,
    ProviderRollbackFailed,
    ProviderRolledBack,
    ProviderSucceeded,
    RunFailed,
    RunPartiallyFailed,
    RunQueued,
    RunSucceeded,
)


class Run(Struct, frozen=True, kw_only=True):
    """`providers` are the names of its targets."""

    id: UUID
    skill: str
    version: int
    providers: Mapping[UUID, str]
    queued_at: datetime
    cause: Cause


class Rescues(Struct, frozen=True, kw_only=True):
    """How often one target had to be helped on, and by which event the last time."""

    times: int
    cause: Cause


class UnfinishedRuns:
    """The oldest first, since they are taken in the order of their positions."""

    def __init__(self) -> None:
        self._runs: dict[UUID, Run] = {}

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs.values())

    def get(self, run_id: UUID) -> Run | None:
        return self._runs.get(run_id)

    def take(self, recorded: Recorded) -> None:
        match recorded.event:
            case RunQueued() as event:
                self._runs[recorded.stream] = Run(
                    id=recorded.stream,
                    skill=event.skill.name,
                    version=event.skill.version,
                    providers={target.id: target.name for target in event.targets},
                    queued_at=recorded.at,
                    cause=cause_of(recorded),
                )
            case RunSucceeded() | RunFailed() | RunPartiallyFailed():
                self._runs.pop(recorded.stream, None)
            case _:
                pass


def long_running(runs: UnfinishedRuns, rule: LongRunning, *, now: datetime) -> Iterator[Finding]:
    """The oldest first. The first one that is young enough ends it, so that it costs little however many there are."""
    for run in runs:
        if now - run.queued_at < timedelta(seconds=rule.after_seconds):
            return
        facts: Facts = {
            "skill": run.skill,
            "version": run.version,
            "providers": ", ".join(sorted(run.providers.values())),
            "queuedAt": timestamp(run.queued_at),
            "seconds": int((now - run.queued_at).total_seconds()),
        }
        condition = Condition(rule=RuleName.LONG_RUNNING, subject=f"install_run:{run.id}", facts=facts)
        yield Finding(condition=condition, cause=run.cause)


class StuckRuns:
    """A target counts until it has ended, a run until its last one has."""

    def __init__(self, runs: UnfinishedRuns, rule: Stuck) -> None:
        self._runs = runs
        self._rule = rule
        self._rescued: dict[UUID, dict[UUID, Rescues]] = {}

    def take(self, recorded: Recorded) -> None:
        match recorded.event:
            case ProviderRescued(provider_id=provider_id) | ProviderLeaseExpired(provider_id=provider_id, final=False):
                self._count(recorded, provider_id)
            case (
                ProviderSucceeded(provider_id=provider_id)
                | ProviderRefused(provider_id=provider_id)
                | ProviderGivenUp(provider_id=provider_id)
                | ProviderRolledBack(provider_id=provider_id)
                | ProviderRollbackFailed(provider_id=provider_id)
                | ProviderFailed(provider_id=provider_id, final=True)
                | ProviderLeaseExpired(provider_id=provider_id, final=True)
            ):
                self._rescued.get(recorded.stream, {}).pop(provider_id, None)
            case RunSucceeded() | RunFailed() | RunPartiallyFailed():
                self._rescued.pop(recorded.stream, None)
            case _:
                pass

    def findings(self) -> Iterator[Finding]:
        for run_id, targets in self._rescued.items():
            stuck = {key: rescues for key, rescues in targets.items() if rescues.times >= self._rule.rescues}
            run = self._runs.get(run_id)
            if run is None or not stuck:
                continue
            worst = max(stuck, key=lambda key: stuck[key].times)
            facts: Facts = {
                "skill": run.skill,
                "version": run.version,
                "provider": run.providers.get(worst),
                "rescues": stuck[worst].times,
                "targets": len(stuck),
                "queuedAt": timestamp(run.queued_at),
            }
            condition = Condition(rule=RuleName.STUCK, subject=f"install_run:{run_id}", facts=facts)
            yield Finding(condition=condition, cause=stuck[worst].cause)

    def _count(self, recorded: Recorded, provider_id: UUID) -> None:
        targets = self._rescued.setdefault(recorded.stream, {})
        before = targets.get(provider_id)
        times = before.times + 1 if before else 1
        targets[provider_id] = Rescues(times=times, cause=cause_of(recorded))
