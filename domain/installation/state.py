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
    InstallationDriftFound,
    InstallationEvent,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
    InstallationVerified,
    Receipt,
)


def installation_stream(skill_id: UUID, provider_id: UUID) -> UUID:
    return stream_named("installation", str(skill_id), str(provider_id))


class Claim(Struct, frozen=True, kw_only=True):
    """A run that is at work on the pair, or waits to be, and the version it brings; or which it `removes`."""

    run_id: UUID
    version: int
    removes: bool = False


class Live(Struct, frozen=True, kw_only=True):
    """What is installed now, for which pair, and by which run."""

    run_id: UUID
    skill_id: UUID
    provider_id: UUID
    version: int
    digest: str
    receipt: Receipt


class Installation(Struct, frozen=True, kw_only=True):
    """`doubtful_since`: from then on one of `doubtful_versions` may have been put there without anybody knowing; look it up.

    `former` are the receipts of what was live before, by digest, the last one of each.
    """

    holder: Claim | None = None
    waiting: tuple[Claim, ...] = ()
    live: Live | None = None
    former: Mapping[str, Receipt] = {}
    doubtful_since: datetime | None = None
    doubtful_versions: frozenset[int] = frozenset()

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Every run that has not ended on this pair, the holder first."""
        return ((self.holder,) if self.holder else ()) + self.waiting


def evolve(state: Installation | None, event: InstallationEvent) -> Installation:
    state = state or Installation()
    match event:
        case InstallationAwaited():
            claim = Claim(run_id=event.run_id, version=event.version, removes=event.removes)
            return replace(state, waiting=(*state.waiting, claim))
        case InstallationReserved():
            claim = Claim(run_id=event.run_id, version=event.version, removes=event.removes)
            waiting = tuple(other for other in state.waiting if other.run_id != event.run_id)
            return replace(state, holder=claim, waiting=waiting)
        case InstallationChanged():
            live = Live(
                run_id=event.run_id,
                skill_id=event.skill_id,
                provider_id=event.provider_id,
                version=event.version,
                digest=event.digest,
                receipt=event.receipt,
            )
            former = {**state.former, state.live.digest: state.live.receipt} if state.live else state.former
            return Installation(waiting=state.waiting, live=live, former=former)
        case InstallationRemoved():
            return Installation(waiting=state.waiting)
        case InstallationVerified() | InstallationDriftFound() | InstallationCheckFailed():
            return state
        case InstallationReleased():
            return _released(state, event)
        case _:
            assert_never(event)


def _released(state: Installation, event: InstallationReleased) -> Installation:
    """Doubt lasts from its beginning until something is known again."""
    if event.doubtful_since is None or state.holder is None:
        return replace(state, holder=None)
    return replace(
        state,
        holder=None,
        doubtful_since=state.doubtful_since or event.doubtful_since,
        doubtful_versions=state.doubtful_versions | {state.holder.version},
    )


INSTALLATION: Final = Fold(noun="installation", evolve=evolve)
