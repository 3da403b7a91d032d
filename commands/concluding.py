"""What follows for a run's pairs and timers from what was decided about the run: for those who settle, cancel and expire."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import reduce
from typing import Final
from uuid import UUID

from msgspec import Struct

from commands.handling import Session
from domain.errors import RunNotFound
from domain.install_run.events import (
    ProviderRollbackFailed,
    ProviderRolledBack,
    ProviderSucceeded,
    RunEvent,
    RunFailed,
    RunPartiallyFailed,
    RunSucceeded,
    Undo,
)
from domain.install_run.repairs import what_it_replaced, what_it_would_replace
from domain.install_run.state import INSTALL_RUN, Aim, InstallRun, TargetState, TargetStatus, evolve
from domain.installation.decisions import Pair, change, is_to_be_swept, leave, remove
from domain.installation.events import InstallationEvent, InstallationReserved, Receipt
from domain.installation.state import INSTALLATION, Installation, installation_stream
from domain.timers import Timer, TimerName, TimerPhase

ENDINGS: Final = (RunSucceeded, RunFailed, RunPartiallyFailed)
# A call that hangs at a provider may be carried out long after we gave it up: it is looked for more than once.
SWEEPS_AFTER_SECONDS: Final = (3, 10, 30, 120, 600, 3600)


class Installed(Struct, frozen=True, kw_only=True):
    """What an attempt has put at its target, as the attempt itself says it."""

    receipt: Receipt | None
    usage: str = ""


async def undoes_of(session: Session, run_id: UUID, run: InstallRun) -> Mapping[UUID, Undo]:
    """What each target of a run would go back to, where the run has changed something or is about to; none unless it is all or
    nothing.
    """
    if run.policy.mode != "all_or_nothing":
        return {}
    undoes: dict[UUID, Undo] = {}
    for target in run.targets:
        provider_id = target.target.id
        installation = await session.load(installation_stream(run.skill.id, provider_id), INSTALLATION)
        if target.status is TargetStatus.SUCCESS:
            found = what_it_replaced(run_id, installation, provider_id)
        else:
            found = what_it_would_replace(run.skill.digest, installation, provider_id)
        if found is not None:
            undoes[provider_id] = found
    return undoes


async def conclude(
    session: Session,
    *,
    run_id: UUID,
    run: InstallRun,
    events: tuple[RunEvent, ...],
    now: datetime,
    installed: Mapping[UUID, Installed],
) -> None:
    """Mean to store the events of a run and all that follows from them: what is live, whose turn is next, and when somebody
    has to look again. `installed` is by provider.
    """
    after = reduce(evolve, events, run)
    endings = tuple(event for event in events if isinstance(event, ENDINGS))
    session.append(run_id, *(event for event in events if event not in endings))
    freeing = bool(endings) and after.policy.mode == "all_or_nothing"
    for was, target in zip(run.targets, after.targets, strict=True):
        if target == was and not freeing:
            continue
        stream = installation_stream(run.skill.id, target.target.id)
        installation = await session.load(stream, INSTALLATION)
        if installation is not None:
            pair = Pair(run_id=run_id, skill_id=run.skill.id, provider_id=target.target.id)
            done = _done(events, target.target.id, installed)
            freed = _pair_events(installation, pair, run=run, was=was, after=after, target=target, done=done)
            session.append(stream, *freed)
            doubted = was.doubtful_since is not None or target.doubtful_since is not None
            if _is_sweep_new(installation, freed, doubted=doubted):
                session.set_timer(sweep_timer(stream, target.target.id, now=now))
            await _hand_over(session, freed, now=now)
        if target != was:
            session.set_timer(target_timer(run_id, after, target, now=now))
            await _tell_original(session, run_id, after, target)
    # The end of the run is the last thing that is said about it.
    session.append(run_id, *endings)


async def conclude_decision(
    session: Session,
    run_id: UUID,
    decide: Callable[[InstallRun, Mapping[UUID, Undo]], tuple[RunEvent, ...]],
) -> bool:
    """Mean to store what `decide` says of a run, given what its targets would go back to, and all that follows from it. False:
    nothing is said. Raises RunNotFound.
    """
    run = await session.load(run_id, INSTALL_RUN)
    if run is None:
        raise RunNotFound
    events = decide(run, await undoes_of(session, run_id, run))
    if events:
        await conclude(session, run_id=run_id, run=run, events=events, now=session.now, installed={})
    return bool(events)


def target_timer(run_id: UUID, run: InstallRun, target: TargetState, *, now: datetime) -> Timer:
    """When somebody has to look at the target again, and what for."""
    phase, due_at = TimerPhase.WAITING, _earliest(run.start_by, run.end_by)
    if target.status.ended:
        due_at = None
    elif target.status is TargetStatus.RUNNING:
        phase, due_at = TimerPhase.RUNNING, target.lease_until
    elif target.next_attempt_at is not None or target.attempts:
        phase, due_at = TimerPhase.RETRY, target.next_attempt_at or now
    return Timer(name=TimerName.TARGET, subject=run_id, provider_id=target.target.id, phase=phase, due_at=due_at)


async def _hand_over(session: Session, events: tuple[InstallationEvent, ...], *, now: datetime) -> None:
    """The ticket of whose turn it is now is issued because of this, so that its timer stands from here."""
    for event in events:
        if not isinstance(event, InstallationReserved):
            continue
        run = await session.load(event.run_id, INSTALL_RUN)
        target = run.target(event.provider_id) if run else None
        if run is not None and target is not None:
            session.set_timer(target_timer(event.run_id, run, target, now=now))


async def _tell_original(session: Session, run_id: UUID, run: InstallRun, target: TargetState) -> None:
    """How a rollback went stands beside the run that it takes back."""
    if run.kind != "rollback" or run.rollback_of is None or not target.status.ended:
        return
    if await session.load(run.rollback_of, INSTALL_RUN) is None:
        raise RunNotFound
    provider_id = target.target.id
    told: RunEvent
    if target.status is TargetStatus.SUCCESS:
        version = target.undo.version if target.undo else None
        told = ProviderRolledBack(
            provider_id=provider_id,
            run_id=run_id,
            attempt_id=target.attempt_id,
            version=version,
            receipt=target.receipt if version else None,
        )
    else:
        assert target.code is not None  # noqa: S101 - a target fails with a code
        message = f"Run {run_id} has the details."
        told = ProviderRollbackFailed(provider_id=provider_id, run_id=run_id, code=target.code, message=message)
    session.append(run.rollback_of, told)


def _done(events: tuple[RunEvent, ...], provider_id: UUID, installed: Mapping[UUID, Installed]) -> Installed | None:
    """What is at the target now because of these events, None if they changed nothing there."""
    for event in events:
        if isinstance(event, ProviderSucceeded) and event.provider_id == provider_id:
            return installed.get(provider_id, Installed(receipt=event.receipt))
        if isinstance(event, ProviderRolledBack) and event.provider_id == provider_id and event.attempt_id:
            return installed.get(provider_id, Installed(receipt=event.receipt))
    return None


def _pair_events(
    installation: Installation,
    pair: Pair,
    *,
    run: InstallRun,
    was: TargetState,
    after: InstallRun,
    target: TargetState,
    done: Installed | None,
) -> tuple[InstallationEvent, ...]:
    """What the events of the run mean for one of its pairs."""
    kept = after.policy.mode == "all_or_nothing" and after.kind == "install" and not after.status.ended
    aim = run.aim(was)
    if done is not None:
        return _changed(installation, pair, aim=aim, done=done, was=was, kept=kept)
    if after.status.ended or (target.status.ended and not (kept and target.status is TargetStatus.SUCCESS)):
        doubtful_since = None if aim.removes else target.doubtful_since
        return leave(installation, pair=pair, doubtful_since=doubtful_since, doubtful_version=aim.version)
    return ()


def _changed(
    installation: Installation, pair: Pair, *, aim: Aim, done: Installed, was: TargetState, kept: bool
) -> tuple[InstallationEvent, ...]:
    if aim.removes:
        return remove(installation, pair=pair, kept=kept)
    assert done.receipt is not None  # noqa: S101 - whoever installs gets one
    return change(
        installation,
        pair=pair,
        version=aim.version,
        digest=aim.digest,
        receipt=done.receipt,
        usage=done.usage,
        doubtful_since=was.doubtful_since,
        kept=kept,
    )


def _is_sweep_new(installation: Installation, events: tuple[InstallationEvent, ...], *, doubted: bool) -> bool:
    """Whether something may arrive late that is not looked for already, or came into doubt again: then all of it is."""
    after = reduce(INSTALLATION.evolve, events, installation)
    return bool(events) and is_to_be_swept(after) and (doubted or not is_to_be_swept(installation))


def sweep_timer(installation_id: UUID, provider_id: UUID, *, now: datetime) -> Timer:
    due_at = now + timedelta(seconds=SWEEPS_AFTER_SECONDS[0])
    return Timer(name=TimerName.SWEEP, subject=installation_id, provider_id=provider_id, due_at=due_at)


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
