"""Who may work on a pair of skill and provider: one run at a time, first come, first served."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from domain.errors import Code
from domain.installation.events import (
    InstallationAwaited,
    InstallationChanged,
    InstallationCheckFailed,
    InstallationDoubted,
    InstallationDriftFound,
    InstallationEvent,
    InstallationReceiptLate,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
    InstallationSwept,
    InstallationVerified,
    InstallationWithdrawn,
    Receipt,
)
from domain.installation.state import Claim, Installation


class Pair(Struct, frozen=True, kw_only=True):
    """A run and the pair of skill and provider that it speaks of."""

    run_id: UUID
    skill_id: UUID
    provider_id: UUID


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
    pair: Pair,
    version: int,
    digest: str,
    receipt: Receipt,
    usage: str = "",
    doubtful_since: datetime | None = None,
    kept: bool = False,
) -> tuple[InstallationEvent, ...]:
    """The holder has put this version there: record it and hand the slot to the next in line, unless it is `kept`."""
    if not _is_held(state, pair):
        return ()
    changed = InstallationChanged(
        run_id=pair.run_id,
        skill_id=pair.skill_id,
        provider_id=pair.provider_id,
        version=version,
        digest=digest,
        receipt=receipt,
        usage=usage,
        doubtful_since=earliest(state.doubtful_since, doubtful_since),
        kept=kept,
    )
    return (changed,) if kept else (changed, *_next(state, pair))


def remove(state: Installation, *, pair: Pair, kept: bool = False) -> tuple[InstallationEvent, ...]:
    """Nothing of the holder's skill is there any more: record it and hand the slot to the next in line."""
    if not _is_held(state, pair):
        return ()
    removed = InstallationRemoved(
        run_id=pair.run_id,
        skill_id=pair.skill_id,
        provider_id=pair.provider_id,
        doubtful_since=state.doubtful_since,
        kept=kept,
    )
    return (removed,) if kept else (removed, *_next(state, pair))


def leave(
    state: Installation,
    *,
    pair: Pair,
    doubtful_since: datetime | None = None,
    doubtful_version: int | None = None,
) -> tuple[InstallationEvent, ...]:
    """The run wants the pair no more: its slot goes to the next in line, or its place in the line is given up; quiet if it
    has neither.
    """
    if any(other.run_id == pair.run_id for other in state.waiting):
        return (InstallationWithdrawn(run_id=pair.run_id),)
    if not _is_held(state, pair):
        return ()
    released = InstallationReleased(
        run_id=pair.run_id,
        doubtful_since=doubtful_since,
        doubtful_version=doubtful_version if doubtful_since else None,
    )
    return (released, *_next(state, pair))


def note_late(
    state: Installation, *, pair: Pair, attempt_id: UUID, version: int, receipt: Receipt, since: datetime
) -> tuple[InstallationEvent, ...]:
    """What an attempt put there that had lost its lease; quiet if it stands there as live, or did."""
    if receipt in state.former.values() or (state.live is not None and state.live.receipt == receipt):
        return ()
    late = InstallationReceiptLate(
        run_id=pair.run_id,
        skill_id=pair.skill_id,
        provider_id=pair.provider_id,
        attempt_id=attempt_id,
        version=version,
        receipt=receipt,
        since=since,
    )
    return (late,)


def doubt(
    state: Installation, *, run_id: UUID, version: int, since: datetime | None, restores: int
) -> tuple[InstallationEvent, ...]:
    """The store may have forgotten what happened here after `since`, and was restored so many times; quiet if that is noted."""
    if since is None or restores <= state.restores_seen:
        return ()
    return (InstallationDoubted(run_id=run_id, version=version, since=since, restores=restores),)


def is_to_be_swept(state: Installation) -> bool:
    """Whether what earlier attempts may have put there is one too many: beside what is live, or after it was removed. Where
    nothing came of the run that left it, or what is live is gone, it may be all there is: the next run adopts it.
    """
    if state.doubtful_since is None or state.missing:
        return False
    return state.live is not None or state.doubtful_run not in state.given_up


def sweep(
    state: Installation, *, run_id: UUID, discarded: tuple[Receipt, ...], settled: bool
) -> tuple[InstallationEvent, ...]:
    """What was found and removed of what earlier attempts may have put there; quiet if that is nothing and more may come."""
    if state.doubtful_since is None or not (discarded or settled):
        return ()
    return (InstallationSwept(run_id=run_id, discarded=discarded, settled=settled),)


def earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


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


def _is_held(state: Installation, pair: Pair) -> bool:
    return state.holder is not None and state.holder.run_id == pair.run_id


def _next(state: Installation, pair: Pair) -> tuple[InstallationEvent, ...]:
    return tuple(_reserve(first, skill_id=pair.skill_id, provider_id=pair.provider_id) for first in state.waiting[:1])


def _reserve(first: Claim, *, skill_id: UUID, provider_id: UUID) -> InstallationReserved:
    return InstallationReserved(
        run_id=first.run_id,
        skill_id=skill_id,
        provider_id=provider_id,
        version=first.version,
        removes=first.removes,
    )
