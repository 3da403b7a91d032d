"""What may happen to an install run next: pure functions that do (events), refuse (an error) or stay quiet (no events)."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from domain.errors import BadRequest, Problem, RunConflict
from domain.install_run.events import (
    Policy,
    ProviderFailed,
    ProviderRefused,
    ProviderStarted,
    ProviderSucceeded,
    RunEvent,
    RunFailed,
    RunKind,
    RunPartiallyFailed,
    RunQueued,
    RunStarted,
    RunSucceeded,
    SkillPin,
    Target,
)
from domain.install_run.state import InstallRun, RunStatus, TargetStatus, evolve
from domain.installation.state import Installation

TARGETS_MAX = 20


def queue(
    *,
    skill: SkillPin,
    targets: tuple[Target, ...],
    policy: Policy,
    kind: RunKind = "install",
    refused: tuple[ProviderRefused, ...] = (),
) -> tuple[RunEvent, ...]:
    """The run; if every target is refused, its end too. Raises BadRequest."""
    check_target_count(len(targets))
    if len({target.id for target in targets}) != len(targets):
        problem = Problem(pointer="/providers", message="each provider may stand here once")
        raise BadRequest("The same provider is named twice.", problems=(problem,))
    queued = RunQueued(kind=kind, skill=skill, targets=targets, policy=policy)
    run = evolve(None, queued)
    for refusal in refused:
        run = evolve(run, refusal)
    return (queued, *refused, *_end(run))


def check_target_count(count: int) -> None:
    """Before anything is looked up for them. Raises BadRequest."""
    if not 1 <= count <= TARGETS_MAX:
        problem = Problem(pointer="/providers", message=f"between 1 and {TARGETS_MAX} providers are needed")
        raise BadRequest(f"A run takes 1 to {TARGETS_MAX} providers.", problems=(problem,))


def last_words(pairs: Mapping[UUID, Installation], *, version: int) -> frozenset[UUID]:
    """The runs that claimed one of these pairs last, and bring this version there. `pairs` are by provider.

    Who claimed last decides what stays. While version 1 is at work and version 2 waits behind it, who asks for 2 asks for what
    the second run is there for; who asks for 1 wants something new, since what the first run installs is not going to stay.
    """
    claims = [pair.claims[-1] for pair in pairs.values() if pair.claims]
    return frozenset(claim.run_id for claim in claims if claim.version == version and not claim.removes)


def reusable(
    active: Mapping[UUID, InstallRun],
    *,
    skill: SkillPin,
    providers: frozenset[UUID],
    pairs: Mapping[UUID, Installation],
    reuse: bool,
) -> UUID | None:
    """The run that does already what is asked for, if one does; refuses if others do only a part of it.

    `active` are the runs of `last_words`. Refused targets are among `providers`, and not among `pairs`: a run that has them
    too has refused them just so.
    """
    if not active:
        return None
    for run_id, run in active.items():
        if reuse and len(active) == 1 and run.provider_ids == providers and _lasts(run_id, run, pairs):
            return run_id
    raise RunConflict(
        f"The same for {skill.name} version {skill.version} is already queued or running at one of these providers.",
        conflicting_runs=tuple(sorted(active)),
    )


def _lasts(run_id: UUID, run: InstallRun, pairs: Mapping[UUID, Installation]) -> bool:
    """Whether nobody has come after the run at any of these providers, also where its own part is done."""
    for provider_id, pair in pairs.items():
        target = run.target(provider_id)
        if pair.claims:
            if pair.claims[-1].run_id != run_id:
                return False
        elif target and target.status is TargetStatus.SUCCESS and (pair.live is None or pair.live.run_id != run_id):
            return False
    return True


def start(
    run: InstallRun, *, provider_id: UUID, attempt_id: UUID, since: datetime, lease_until: datetime
) -> tuple[RunEvent, ...]:
    """The right to call the provider; quiet if somebody else has it, had it, or the target has ended."""
    target = run.target(provider_id)
    if target is None or target.status is not TargetStatus.QUEUED:
        return ()
    started = ProviderStarted(
        provider_id=provider_id,
        attempt_id=attempt_id,
        attempt=target.attempts + 1,
        since=since,
        lease_until=lease_until,
    )
    return (RunStarted(), started) if run.status is RunStatus.QUEUED else (started,)


def settle(run: InstallRun, outcome: ProviderSucceeded | ProviderFailed) -> tuple[RunEvent, ...]:
    """The outcome of an attempt, and that of the run if it was the last one; quiet if the attempt is not the current one."""
    target = run.target(outcome.provider_id)
    if target is None or target.status is not TargetStatus.RUNNING or target.attempt_id != outcome.attempt_id:
        return ()
    return (outcome, *_end(evolve(run, outcome)))


def _end(run: InstallRun) -> tuple[RunEvent, ...]:
    if not all(target.status.ended for target in run.targets):
        return ()
    failures = Counter(target.code for target in run.targets if target.code is not None)
    succeeded = len(run.targets) - failures.total()
    if not failures:
        return (RunSucceeded(succeeded=succeeded),)
    if not succeeded:
        return (RunFailed(failures=dict(failures)),)
    return (RunPartiallyFailed(succeeded=succeeded, failures=dict(failures)),)
