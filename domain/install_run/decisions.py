"""What may happen to an install run next: pure functions that do (events), refuse (an error) or stay quiet (no events)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from msgspec.structs import replace

from domain.errors import BadRequest, Code, Problem, RunConflict, RunUnfit
from domain.install_run.ending import NO_UNDOES, conclude
from domain.install_run.events import (
    ProviderFailed,
    ProviderGivenUp,
    ProviderLeaseExpired,
    ProviderRefused,
    ProviderRescued,
    ProviderRetryScheduled,
    ProviderRollbackFailed,
    ProviderRolledBack,
    ProviderStarted,
    ProviderSucceeded,
    RunCancelRequested,
    RunEvent,
    RunQueued,
    RunStarted,
    SkillPin,
    TicketTaken,
    Undo,
)
from domain.install_run.policy import next_attempt_at
from domain.install_run.state import InstallRun, RunStatus, TargetState, TargetStatus
from domain.installation.state import Installation

TARGETS_MAX: Final = 20


def queue(queued: RunQueued, *, now: datetime, refused: tuple[ProviderRefused, ...] = ()) -> tuple[RunEvent, ...]:
    """The run, with the deadlines of its policy; if every target is refused, its end too. Raises BadRequest."""
    check_target_count(len(queued.targets))
    if len({target.id for target in queued.targets}) != len(queued.targets):
        problem = Problem(pointer="/providers", message="each provider may stand here once")
        raise BadRequest("The same provider is named twice.", problems=(problem,))
    queued = replace(
        queued,
        start_by=now + timedelta(seconds=queued.policy.start_timeout_seconds),
        end_by=now + timedelta(seconds=queued.policy.run_timeout_seconds),
    )
    return conclude(None, (queued, *refused), undoes=NO_UNDOES)


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
    run: InstallRun,
    *,
    provider_id: UUID,
    attempt_id: UUID,
    now: datetime,
    since: datetime,
    lease_until: datetime,
    ticket: TicketTaken | None = None,
) -> tuple[RunEvent, ...]:
    """The right to call the provider; quiet if somebody else has it, had it, the target has ended, or it is not yet due."""
    target = run.target(provider_id)
    if target is None or target.status is not TargetStatus.QUEUED:
        return ()
    too_early = target.next_attempt_at is not None and target.next_attempt_at > now
    if too_early or overdue(run, target, now) is not None:
        return ()
    started = ProviderStarted(
        provider_id=provider_id,
        attempt_id=attempt_id,
        attempt=target.attempts + 1,
        since=since,
        lease_until=lease_until,
        ticket=ticket,
    )
    return (RunStarted(), started) if run.status is RunStatus.QUEUED else (started,)


def settle(
    run: InstallRun, outcome: ProviderSucceeded | ProviderFailed, *, now: datetime, undoes: Mapping[UUID, Undo]
) -> tuple[RunEvent, ...]:
    """The outcome of an attempt, what comes instead if it failed, and the end of the run if it was the last one; quiet if the
    attempt is not the current one. `undoes` is what each target would go back to, if the run takes its work back.
    """
    target = run.target(outcome.provider_id)
    if target is None or target.status is not TargetStatus.RUNNING or target.attempt_id != outcome.attempt_id:
        return ()
    if isinstance(outcome, ProviderFailed):
        return conclude(run, _fail(run, target, outcome, now=now), undoes=undoes)
    if not run.takes_back_at(target):
        return conclude(run, (outcome,), undoes=undoes)
    undone = ProviderRolledBack(
        provider_id=outcome.provider_id,
        attempt_id=outcome.attempt_id,
        version=target.undo.version if target.undo else None,
        receipt=outcome.receipt,
    )
    return conclude(run, (undone,), undoes=undoes)


def expire_lease(
    run: InstallRun, *, provider_id: UUID, now: datetime, undoes: Mapping[UUID, Undo]
) -> tuple[RunEvent, ...]:
    """An attempt of which nothing was heard in time is over, and another one looks up what became of it; quiet unless one is
    under way whose lease has expired.
    """
    target = run.target(provider_id)
    if target is None or target.status is not TargetStatus.RUNNING:
        return ()
    if target.attempt_id is None or target.lease_until is None or target.lease_until > now:
        return ()
    expired = ProviderLeaseExpired(
        provider_id=provider_id, attempt_id=target.attempt_id, lease_until=target.lease_until
    )
    message = "Nothing was heard of the attempt before its lease expired."
    ending = _instead(run, target, now=now, code=Code.RUN_LEASE_EXPIRED, message=message)
    events = (expired, ending) if ending else (replace(expired, final=True),)
    return conclude(run, events, undoes=undoes)


def expire(run: InstallRun, *, provider_id: UUID, now: datetime, undoes: Mapping[UUID, Undo]) -> tuple[RunEvent, ...]:
    """A target that waits beyond its time has failed; quiet if it does not wait or has time left."""
    target = run.target(provider_id)
    code = overdue(run, target, now) if target else None
    if code is None:
        return ()
    return give_up(run, provider_id=provider_id, code=code, message=OVERDUE[code], undoes=undoes)


OVERDUE: Final = {
    Code.RUN_START_TIMEOUT: "The target waited longer for its first attempt than the policy allows.",
    Code.RUN_TIMEOUT: "The run took longer than the policy allows.",
}


def overdue(run: InstallRun, target: TargetState, now: datetime) -> Code | None:
    """Which of its times a waiting target has exceeded. What is being undone has as long as it takes."""
    if target.status is not TargetStatus.QUEUED or run.takes_back_at(target):
        return None
    if run.end_by is not None and run.end_by <= now:
        return Code.RUN_TIMEOUT
    if target.attempts == 0 and run.start_by is not None and run.start_by <= now:
        return Code.RUN_START_TIMEOUT
    return None


def give_up(
    run: InstallRun, *, provider_id: UUID, code: Code, message: str, undoes: Mapping[UUID, Undo]
) -> tuple[RunEvent, ...]:
    """A waiting target has failed; quiet if it does not wait."""
    target = run.target(provider_id)
    if target is None or target.status is not TargetStatus.QUEUED:
        return ()
    if run.takes_back_at(target):
        left = ProviderRollbackFailed(provider_id=provider_id, code=code, message=message)
        return conclude(run, (left,), undoes=undoes)
    given_up = ProviderGivenUp(provider_id=provider_id, code=code, message=message)
    return conclude(run, (given_up,), undoes=undoes)


def cancel(run: InstallRun, *, undoes: Mapping[UUID, Undo]) -> tuple[RunEvent, ...]:
    """Nothing more is begun; what waits has failed, and a call under way is waited for. Quiet if it is so already. Raises
    RunUnfit if there is nothing left to cancel.
    """
    if run.cancelled:
        return ()
    if run.status.ended:
        raise RunUnfit(f"The run has ended already, with {run.status.value}.")
    open_targets = [target for target in run.targets if not target.status.ended]
    if all(run.takes_back_at(target) for target in open_targets):
        raise RunUnfit("The run is taking back what it did, and that is not cut short.")
    given_up = tuple(
        ProviderGivenUp(provider_id=target.target.id, code=Code.RUN_CANCELLED, message=CANCELLED)
        for target in open_targets
        if target.status is TargetStatus.QUEUED and not run.takes_back_at(target)
    )
    return conclude(run, (RunCancelRequested(), *given_up), undoes=undoes)


CANCELLED: Final = "The run was cancelled."


def rescue(
    run: InstallRun, *, provider_id: UUID, now: datetime, fault: Literal["ticket_lost", "retry_overdue"]
) -> tuple[RunEvent, ...]:
    """A target that stands still gets another ticket; quiet if it does not wait, or not for a ticket."""
    target = run.target(provider_id)
    if target is None or target.status is not TargetStatus.QUEUED or overdue(run, target, now):
        return ()
    if target.next_attempt_at is not None and target.next_attempt_at > now:
        return ()
    return (ProviderRescued(provider_id=provider_id, attempts=target.attempts, fault=fault),)


def _fail(run: InstallRun, target: TargetState, failed: ProviderFailed, *, now: datetime) -> tuple[RunEvent, ...]:
    ending = _instead(
        run,
        target,
        now=now,
        code=failed.code,
        message=failed.message,
        retryable=run.policy.retries(failed.code, retryable=failed.retryable),
        retry_after_seconds=failed.retry_after_seconds,
    )
    return (replace(failed, final=False), ending) if ending else (replace(failed, final=True),)


def _instead(
    run: InstallRun,
    target: TargetState,
    *,
    now: datetime,
    code: Code,
    message: str,
    retryable: bool = True,
    retry_after_seconds: float | None = None,
) -> RunEvent | None:
    """What comes of an attempt that ended without success, None: the target has failed with just that."""
    provider_id, undoing = target.target.id, run.takes_back_at(target)
    if run.cancelled and not undoing:
        return ProviderGivenUp(provider_id=provider_id, code=Code.RUN_CANCELLED, message=f"{CANCELLED} {message}")
    stopping = run.fails_as_a_whole and not undoing
    if not retryable or stopping or target.attempts - target.spent >= run.policy.attempts_max:
        if undoing:
            return ProviderRollbackFailed(provider_id=provider_id, code=code, message=message)
        return None
    due_at = next_attempt_at(
        run.policy,
        attempts=target.attempts - target.spent,
        now=now,
        retry_after_seconds=retry_after_seconds,
        jitter=_jitter(target),
    )
    if run.end_by is not None and due_at >= run.end_by and not undoing:
        message = f"The next attempt would come after the time of the run is over. {message}"
        return ProviderGivenUp(provider_id=provider_id, code=Code.RUN_TIMEOUT, message=message)
    return ProviderRetryScheduled(provider_id=provider_id, attempt=target.attempts + 1, due_at=due_at)


def _jitter(target: TargetState) -> float:
    """From 0 to 1, by the last bits of the attempt's own id, which are random."""
    assert target.attempt_id is not None  # noqa: S101 - an attempt has ended
    return (target.attempt_id.int & JITTER_MASK) / JITTER_MASK


JITTER_MASK: Final = 2**32 - 1
