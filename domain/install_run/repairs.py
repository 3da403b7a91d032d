"""What a person may still do about a run that has ended: try again what failed, take back what was done."""

from uuid import UUID

from domain.errors import RunConflict, RunUnfit
from domain.install_run.events import Target, Undo
from domain.install_run.state import Aim, InstallRun, RunStatus, TargetStatus
from domain.installation.state import Former, Installation


def targets_to_retry(run: InstallRun) -> tuple[Target, ...]:
    """Those that failed. Raises RunUnfit."""
    if not run.status.ended:
        raise RunUnfit("The run has not ended yet; what fails in it is tried again by itself, as its policy says.")
    if run.kind == "rollback":
        raise RunUnfit(f"A rollback is tried again by asking for the rollback of run {run.rollback_of} again.")
    failed = tuple(target.target for target in run.targets if target.status is TargetStatus.FAILED)
    if not failed:
        raise RunUnfit("Nothing failed in this run.")
    return failed


def check_retry_stands(run_id: UUID, retry: InstallRun) -> None:
    """Who asks once more for what is tried again already gets that run, unless it has failed as well. Raises RunUnfit."""
    if retry.status in (RunStatus.FAILED, RunStatus.PARTIAL_FAILED):
        raise RunUnfit(f"Run {run_id} has tried this again and failed as well; retry that one.")


def check_unchanged(run_id: UUID, installation: Installation | None, target: Target) -> None:
    """A retry must not undo what came after the failure; what the run has put back itself did not. Raises RunUnfit."""
    live = installation.live if installation else None
    if installation is None or live is None or run_id in installation.given_up or live.run_id == run_id:
        return
    raise RunUnfit(
        f"Since this run failed at {target.name}, run {live.run_id} has put version {live.version} there;"
        " start a new run if that is not what you want."
    )


def check_nobody_at_it(installation: Installation | None, target: Target, aim: Aim) -> None:
    """Who claimed the pair last decides what stays, and need not be asked for the same once more. Raises RunConflict."""
    last = installation.claims[-1] if installation and installation.claims else None
    if last is None or last.removes is not aim.removes or (last.version != aim.version and not aim.removes):
        return
    raise RunConflict(
        f"Run {last.run_id} is queued or running at {target.name} and does the same.", conflicting_runs=(last.run_id,)
    )


def is_taken_back_by(run: InstallRun, rollback: InstallRun, wanted: frozenset[UUID] | None) -> bool:
    """Whether this rollback of the run has taken back everything that is wanted, or else all that the run did."""
    if wanted is None:
        wanted = frozenset(target.target.id for target in run.targets if target.status is TargetStatus.SUCCESS)
    return wanted <= run.rolled_back & rollback.provider_ids


def targets_to_roll_back(run: InstallRun, wanted: frozenset[UUID] | None) -> tuple[Target, ...]:
    """Those where it did something, of the `wanted` ones. Raises RunUnfit."""
    if not run.status.ended:
        raise RunUnfit("The run has not ended yet; cancel it first.")
    if run.kind != "install":
        raise RunUnfit(f"This run is of the kind {run.kind}; install the version that you want to have instead.")
    done = {target.target.id: target.target for target in run.targets if target.status is TargetStatus.SUCCESS}
    if not done:
        raise RunUnfit("Nothing succeeded in this run, so there is nothing to take back.")
    if wanted is not None and (strange := wanted - done.keys()):
        named = [target.target.name for target in run.targets if target.target.id in strange]
        raise RunUnfit(f"Nothing succeeded in this run at {', '.join(named) or 'one of these providers'}.")
    left = tuple(
        target
        for provider_id, target in done.items()
        if provider_id not in run.rolled_back and (wanted is None or provider_id in wanted)
    )
    if not left:
        raise RunUnfit("What this run did is taken back already.")
    return left


def undo(run_id: UUID, installation: Installation | None, target: Target) -> Undo:
    """What the target goes back to. Raises RunUnfit if the run's work is not what is there, or nobody could tell."""
    live = installation.live if installation else None
    if installation is None or live is None:
        raise RunUnfit(f"What this run installed at {target.name} has been removed since.")
    if live.run_id != run_id:
        raise RunUnfit(f"Run {live.run_id} has put version {live.version} at {target.name} since.")
    if installation.claims:
        raise RunUnfit(f"Run {installation.claims[-1].run_id} is at work at {target.name}; wait for it or cancel it.")
    found = what_it_replaced(run_id, installation, target.id)
    if found is None:
        raise RunUnfit(f"This version was at {target.name} before this run, which changed nothing there.")
    return found


def what_it_replaced(run_id: UUID, installation: Installation | None, provider_id: UUID) -> Undo | None:
    """What was there before the run's own work; None if the run changed nothing that is still there."""
    live = installation.live if installation else None
    if live is None or live.run_id != run_id:
        return None
    return _back_to(live.before, provider_id, instead_of=live.digest)


def what_it_would_replace(digest: str, installation: Installation | None, provider_id: UUID) -> Undo | None:
    """What is there before a run puts this digest there; None if that is the same."""
    live = installation.live if installation else None
    return _back_to(Former(version=live.version, digest=live.digest) if live else None, provider_id, instead_of=digest)


def _back_to(before: Former | None, provider_id: UUID, *, instead_of: str) -> Undo | None:
    if before is None:
        return Undo(provider_id=provider_id)
    if before.digest == instead_of:
        return None
    return Undo(provider_id=provider_id, version=before.version, digest=before.digest)
