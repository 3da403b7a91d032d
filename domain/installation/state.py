"""The installation of one skill at one provider, folded from its events: what is live, and who is at work on it."""

from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.events import Fold, stream_named
from domain.installation.events import (
    InstallationAwaited,
    InstallationChanged,
    InstallationEvent,
    InstallationReleased,
    InstallationReserved,
    Receipt,
)


def installation_stream(skill_id: UUID, provider_id: UUID) -> UUID:
    return stream_named("installation", str(skill_id), str(provider_id))


class Claim(Struct, frozen=True, kw_only=True):
    """A run that is at work on the pair, or waits to be, and the version it brings."""

    run_id: UUID
    version: int


class Live(Struct, frozen=True, kw_only=True):
    """What is installed now."""

    run_id: UUID
    version: int
    digest: str
    receipt: Receipt


class Installation(Struct, frozen=True, kw_only=True):
    """`doubtful_since`: from then on a run may have put something there without anybody knowing; look it up first."""

    holder: Claim | None = None
    waiting: tuple[Claim, ...] = ()
    live: Live | None = None
    doubtful_since: datetime | None = None

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Every run that has not ended on this pair, the holder first."""
        return ((self.holder,) if self.holder else ()) + self.waiting


def evolve(state: Installation | None, event: InstallationEvent) -> Installation:
    state = state or Installation()
    match event:
        case InstallationAwaited():
            return replace(state, waiting=(*state.waiting, Claim(run_id=event.run_id, version=event.version)))
        case InstallationReserved():
            claim = Claim(run_id=event.run_id, version=event.version)
            waiting = tuple(other for other in state.waiting if other.run_id != event.run_id)
            return replace(state, holder=claim, waiting=waiting)
        case InstallationChanged():
            live = Live(run_id=event.run_id, version=event.version, digest=event.digest, receipt=event.receipt)
            return replace(state, holder=None, live=live, doubtful_since=None)
        case InstallationReleased():
            return replace(state, holder=None, doubtful_since=state.doubtful_since or event.doubtful_since)
        case _:
            assert_never(event)


INSTALLATION: Final = Fold(noun="installation", evolve=evolve)
