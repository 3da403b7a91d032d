"""Who may work on a pair of skill and provider: one run at a time, first come, first served."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.errors import Code
from domain.installation.events import (
    InstallationAwaited,
    InstallationChanged,
    InstallationCheckFailed,
    InstallationDriftFound,
    InstallationEvent,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
    InstallationVerified,
    Receipt,
)
from domain.installation.state import Claim, Installation


def claim(
    state: Installation | None, *, run_id: UUID, skill_id: UUID, provider_id: UUID, version: int, removes: bool = False
) -> tuple[InstallationEvent, ...]:
    """Take the slot if it is free, else get in line."""
    if state is None or state.holder is None:
        wanted = Claim(run_id=run_id, version=version, removes=removes)
        return (_reserve(wanted, skill_id=skill_id, provider_id=provider_id),)
    return (InstallationAwaited(run_id=run_id, version=version, removes=removes),)


def change(
    state: Installation,
    *,
    run_id: UUID,
    skill_id: UUID,
    provider_id: UUID,
    digest: str,
    receipt: Receipt,
    usage: str = "",
) -> tuple[InstallationEvent, ...]:
    """The holder's version is live: record it and hand the slot to the next in line."""
    if state.holder is None or state.holder.run_id != run_id:
        return ()
    changed = InstallationChanged(
        run_id=run_id,
        skill_id=skill_id,
        provider_id=provider_id,
        version=state.holder.version,
        digest=digest,
        receipt=receipt,
        usage=usage,
    )
    return (changed, *_next(state, skill_id=skill_id, provider_id=provider_id))


def remove(state: Installation, *, run_id: UUID, skill_id: UUID, provider_id: UUID) -> tuple[InstallationEvent, ...]:
    """Nothing of the holder's skill is there any more: record it and hand the slot to the next in line."""
    if state.holder is None or state.holder.run_id != run_id:
        return ()
    removed = InstallationRemoved(run_id=run_id, skill_id=skill_id, provider_id=provider_id)
    return (removed, *_next(state, skill_id=skill_id, provider_id=provider_id))


def release(
    state: Installation, *, run_id: UUID, skill_id: UUID, provider_id: UUID, doubtful_since: datetime | None
) -> tuple[InstallationEvent, ...]:
    """The holder gives up: nothing is known to have changed, and the slot goes to the next in line."""
    if state.holder is None or state.holder.run_id != run_id:
        return ()
    released = InstallationReleased(run_id=run_id, doubtful_since=doubtful_since)
    return (released, *_next(state, skill_id=skill_id, provider_id=provider_id))


def check(
    state: Installation, *, run_id: UUID, answer: Literal["in_use", "missing", "changed"]
) -> tuple[InstallationEvent, ...]:
    """What the provider said of what `run_id` put there; quiet if something else is live or at work by now."""
    if not _is_settled(state, run_id):
        return ()
    if answer == "in_use":
        return (InstallationVerified(run_id=run_id),)
    return (InstallationDriftFound(run_id=run_id, drift=answer),)


def fail_check(state: Installation, *, run_id: UUID, code: Code, message: str) -> tuple[InstallationEvent, ...]:
    if not _is_settled(state, run_id):
        return ()
    return (InstallationCheckFailed(run_id=run_id, code=code, message=message),)


def _is_settled(state: Installation, run_id: UUID) -> bool:
    """An answer may be older than what a run has done meanwhile."""
    return state.holder is None and state.live is not None and state.live.run_id == run_id


def _next(state: Installation, *, skill_id: UUID, provider_id: UUID) -> tuple[InstallationEvent, ...]:
    return tuple(_reserve(first, skill_id=skill_id, provider_id=provider_id) for first in state.waiting[:1])


def _reserve(first: Claim, *, skill_id: UUID, provider_id: UUID) -> InstallationReserved:
    return InstallationReserved(
        run_id=first.run_id,
        skill_id=skill_id,
        provider_id=provider_id,
        version=first.version,
        removes=first.removes,
    )
