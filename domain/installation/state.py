"""The installation of one skill at one provider, folded from its events: what is live, and who is at work on it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.events import Fold, stream_named
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


def installation_stream(skill_id: UUID, provider_id: UUID) -> UUID:
    return stream_named("installation", str(skill_id), str(provider_id))


class Claim(Struct, frozen=True, kw_only=True):
    """A run that is at work on the pair, or waits to be, and the version it brings; or which it `removes`."""

    run_id: UUID
    version: int
    removes: bool = False


class Former(Struct, frozen=True, kw_only=True):
    version: int
    digest: str


class Live(Struct, frozen=True, kw_only=True):
    """What is installed now, for which pair, and by which run; `before` is what was live until then."""

    run_id: UUID
    skill_id: UUID
    provider_id: UUID
    version: int
    digest: str
    receipt: Receipt
    before: Former | None = None


class Installation(Struct, frozen=True, kw_only=True):
    """`doubtful_since`: from then on one of `doubtful_versions` may have been put there without anybody knowing; look it up.
    `doubtful_run` is the run that left that doubt last.

    `former` are the receipts of what was live before, by digest, the last one of each. `given_up` are the runs that held the
    slot or waited for it in vain since anything was changed here. For `restores_seen` restores of the store the doubt is noted.
    `missing`: what is live was not there any more when the provider was asked last.
    """

    holder: Claim | None = None
    waiting: tuple[Claim, ...] = ()
    live: Live | None = None
    former: Mapping[str, Receipt] = {}
    doubtful_since: datetime | None = None
    doubtful_versions: frozenset[int] = frozenset()
    doubtful_run: UUID | None = None
    given_up: frozenset[UUID] = frozenset()
    restores_seen: int = 0
    missing: bool = False

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Every run that has not ended on this pair, the holder first."""
        return ((self.holder,) if self.holder else ()) + self.waiting


LineEvent = InstallationAwaited | InstallationReserved | InstallationWithdrawn


def evolve(state: Installation | None, event: InstallationEvent) -> Installation:
    state = state or Installation()
    match event:
        case InstallationAwaited() | InstallationReserved() | InstallationWithdrawn():
            return _in_line(state, event)
        case InstallationChanged():
            return _changed(state, event)
        case InstallationRemoved():
            return _settled(state, event, live=None, former={}, version=None)
        case InstallationVerified() | InstallationDriftFound():
            missing = isinstance(event, InstallationDriftFound) and event.drift == "missing"
            return replace(state, missing=missing)
        case InstallationCheckFailed():
            return state
        case InstallationReceiptLate():
            return _doubted(state, since=event.since, version=event.version, run_id=event.run_id)
        case InstallationDoubted():
            doubted = _doubted(state, since=event.since, version=event.version, run_id=event.run_id)
            return replace(doubted, restores_seen=event.restores)
        case InstallationSwept(settled=settled):
            return _undoubted(state) if settled else state
        case InstallationReleased():
            return _released(state, event)
        case _:
            assert_never(event)


def _in_line(state: Installation, event: LineEvent) -> Installation:
    """Who comes stands behind the others, and who goes, or whose turn it is, is not in the line any more."""
    others = tuple(other for other in state.waiting if other.run_id != event.run_id)
    if isinstance(event, InstallationWithdrawn):
        return replace(state, waiting=others, given_up=state.given_up | {event.run_id})
    claim = Claim(run_id=event.run_id, version=event.version, removes=event.removes)
    if isinstance(event, InstallationAwaited):
        return replace(state, waiting=(*state.waiting, claim))
    return replace(state, holder=claim, waiting=others)


def _changed(state: Installation, event: InstallationChanged) -> Installation:
    live = Live(
        run_id=event.run_id,
        skill_id=event.skill_id,
        provider_id=event.provider_id,
        version=event.version,
        digest=event.digest,
        receipt=event.receipt,
        before=Former(version=state.live.version, digest=state.live.digest) if state.live else None,
    )
    former = {**state.former, state.live.digest: state.live.receipt} if state.live else state.former
    return _settled(state, event, live=live, former=former, version=event.version)


def _settled(
    state: Installation,
    event: InstallationChanged | InstallationRemoved,
    *,
    live: Live | None,
    former: Mapping[str, Receipt],
    version: int | None,
) -> Installation:
    """Something is known again, but for what is said to be doubtful still: of this `version`, and of those from before."""
    settled = Installation(
        holder=state.holder if event.kept else None,
        waiting=state.waiting,
        live=live,
        former=former,
        restores_seen=state.restores_seen,
    )
    if event.doubtful_since is None:
        return settled
    versions = state.doubtful_versions if version is None else state.doubtful_versions | {version}
    return replace(settled, doubtful_since=event.doubtful_since, doubtful_versions=versions, doubtful_run=event.run_id)


def _released(state: Installation, event: InstallationReleased) -> Installation:
    released = replace(state, holder=None)
    if state.live is None or state.live.run_id != event.run_id:
        released = replace(released, given_up=state.given_up | {event.run_id})
    if event.doubtful_since is None or state.holder is None:
        return released
    version = event.doubtful_version or state.holder.version
    return _doubted(released, since=event.doubtful_since, version=version, run_id=event.run_id)


def _doubted(state: Installation, *, since: datetime, version: int, run_id: UUID) -> Installation:
    """Doubt lasts from its beginning until something is known again."""
    return replace(
        state,
        doubtful_since=min(since, state.doubtful_since or since),
        doubtful_versions=state.doubtful_versions | {version},
        doubtful_run=run_id,
    )


def _undoubted(state: Installation) -> Installation:
    return replace(state, doubtful_since=None, doubtful_versions=frozenset(), doubtful_run=None)


INSTALLATION: Final = Fold(noun="installation", evolve=evolve)
