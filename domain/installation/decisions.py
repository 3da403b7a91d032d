"""Who may work on a pair of skill and provider: one run at a time, first come, first served."""

from datetime import datetime
from uuid import UUID

from domain.installation.events import (
    InstallationAwaited,
    InstallationChanged,
    InstallationEvent,
    InstallationReleased,
    InstallationReserved,
    Receipt,
)
from domain.installation.state import Claim, Installation


def claim(
    state: Installation | None, *, run_id: UUID, skill_id: UUID, provider_id: UUID, version: int
) -> tuple[InstallationEvent, ...]:
    """Take the slot if it is free, else get in line."""
    if state is None or state.holder is None:
        return (_reserve(Claim(run_id=run_id, version=version), skill_id=skill_id, provider_id=provider_id),)
    return (InstallationAwaited(run_id=run_id, version=version),)


def change(
    state: Installation, *, run_id: UUID, skill_id: UUID, provider_id: UUID, digest: str, receipt: Receipt
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
    )
    return (changed, *_next(state, skill_id=skill_id, provider_id=provider_id))


def release(
    state: Installation, *, run_id: UUID, skill_id: UUID, provider_id: UUID, doubtful_since: datetime | None
) -> tuple[InstallationEvent, ...]:
    """The holder gives up: nothing is known to have changed, and the slot goes to the next in line."""
    if state.holder is None or state.holder.run_id != run_id:
        return ()
    released = InstallationReleased(run_id=run_id, doubtful_since=doubtful_since)
    return (released, *_next(state, skill_id=skill_id, provider_id=provider_id))


def _next(state: Installation, *, skill_id: UUID, provider_id: UUID) -> tuple[InstallationEvent, ...]:
    return tuple(_reserve(first, skill_id=skill_id, provider_id=provider_id) for first in state.waiting[:1])


def _reserve(first: Claim, *, skill_id: UUID, provider_id: UUID) -> InstallationReserved:
    return InstallationReserved(run_id=first.run_id, skill_id=skill_id, provider_id=provider_id, version=first.version)
