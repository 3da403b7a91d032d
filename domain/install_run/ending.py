"""How a run ends: when nothing is left to do, and under `all_or_nothing` not before its work is taken back."""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

from domain.errors import Code
from domain.install_run.events import (
    ProviderGivenUp,
    ProviderRolledBack,
    RollbackRequested,
    RunEvent,
    RunFailed,
    RunPartiallyFailed,
    RunSucceeded,
    Undo,
)
from domain.install_run.state import InstallRun, TargetStatus, evolve

NO_UNDOES: Final[Mapping[UUID, Undo]] = MappingProxyType({})
TAKEN_BACK: Final = "Another target failed, and the run is all or nothing."
# What a person should know of a run beside its tally, the most telling first.
REASONS: Final = (
    Code.RUN_CANCELLED,
    Code.RUN_ROLLED_BACK,
    Code.RUN_TIMEOUT,
    Code.RUN_START_TIMEOUT,
    Code.RUN_LEASE_EXPIRED,
)


def conclude(
    run: InstallRun | None, events: tuple[RunEvent, ...], *, undoes: Mapping[UUID, Undo]
) -> tuple[RunEvent, ...]:
    """The events, what follows from them, and the end of the run if nothing is left to do.

    `undoes`: what each target would go back to; one that is not named has changed nothing.
    """
    for event in events:
        run = evolve(run, event)
    assert run is not None  # noqa: S101 - there is an event, or a run
    following = _take_back(run, undoes) if run.fails_as_a_whole else ()
    for event in following:
        run = evolve(run, event)
    return (*events, *following, *_end(run))


def _take_back(run: InstallRun, undoes: Mapping[UUID, Undo]) -> tuple[RunEvent, ...]:
    """What waits is not begun, and what was done is undone."""
    given_up = tuple(
        ProviderGivenUp(provider_id=target.target.id, code=Code.RUN_ROLLED_BACK, message=TAKEN_BACK)
        for target in run.targets
        if target.status is TargetStatus.QUEUED and target.undo is None
    )
    done = [target for target in run.targets if target.status is TargetStatus.SUCCESS and target.undo is None]
    changed = tuple(undoes[target.target.id] for target in done if target.target.id in undoes)
    unchanged = tuple(
        ProviderRolledBack(provider_id=target.target.id, version=run.skill.version)
        for target in done
        if target.target.id not in undoes
    )
    requested = (RollbackRequested(undoes=changed),) if changed else ()
    return (*given_up, *requested, *unchanged)


def _end(run: InstallRun) -> tuple[RunEvent, ...]:
    if run.status.ended or not all(target.status.ended for target in run.targets):
        return ()
    codes = [target.code for target in run.targets if target.status is TargetStatus.FAILED]
    failures = dict(Counter(code for code in codes if code is not None))
    succeeded = len(run.targets) - len(codes)
    reason = next((code for code in REASONS if code in failures), None)
    if not codes:
        return (RunSucceeded(succeeded=succeeded),)
    if not succeeded:
        return (RunFailed(failures=failures, reason=reason),)
    return (RunPartiallyFailed(succeeded=succeeded, failures=failures, reason=reason),)
