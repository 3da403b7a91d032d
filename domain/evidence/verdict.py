"""What a verification comes to: the first event that is not what it was, all else that was found, and how much is proved."""

from datetime import datetime
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from msgspec import Struct

# Beyond these they are counted and not told.
FINDINGS_MAX: Final = 100

# Where the hashes came from that single events were compared with; `none`: there was nothing but the checkpoints.
Source = Literal["folder", "tiles", "none"]


class FindingKind(StrEnum):
    """What was done. `diverged`: somewhere in a range, and no copy is left that tells where. `rolled_back`: what was signed
    is missing from there to the end. `unreadable`: an envelope, or what is in it, is not what Waybill writes. `unsigned`: a
    checkpoint is not the notary's. `head_moved`: the head does not stand at the last event. `tiles_changed`: the events are as they
    were, but the tree in the database, which proofs are made of, is not theirs.
    """

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    DIVERGED = "diverged"
    ROLLED_BACK = "rolled_back"
    UNREADABLE = "unreadable"
    UNSIGNED = "unsigned"
    BUNDLE_CHANGED = "bundle_changed"
    BUNDLE_MISSING = "bundle_missing"
    HEAD_MOVED = "head_moved"
    TILES_CHANGED = "tiles_changed"


class Finding(Struct, frozen=True, kw_only=True, rename="camel"):
    """`position` is where to look, up to `until` if it is more than one event; None if it is no place among them. `event_id` is
    what stands there now, where that can be read. `detail` is a sentence.
    """

    kind: FindingKind
    position: int | None
    until: int | None = None
    event_id: UUID | None = None
    detail: str


class Restore(Struct, frozen=True, kw_only=True, rename="camel"):
    """That the store was set back, as it says itself at this position. `forgotten_until`: up to where events had been signed
    that were forgotten with it; None if there is no trace of any.
    """

    position: int
    at: datetime
    forgotten_until: int | None = None


class Verdict(Struct, frozen=True, kw_only=True, rename="camel"):
    """`events` were looked at; those up to position `proved` are what was signed at `signed_at`, in `checkpoints` in all.
    Findings come in the order of their positions, those without one at the end; `left_off` are more than can be told.
    """

    store: UUID
    events: int
    proved: int
    signed_at: datetime | None
    checkpoints: int
    compared_with: Source
    restores: tuple[Restore, ...] = ()
    findings: tuple[Finding, ...] = ()
    left_off: int = 0

    @property
    def sound(self) -> bool:
        return not self.findings

    @property
    def first(self) -> Finding | None:
        """The first event that is not what it was."""
        return self.findings[0] if self.findings else None


def until(first: int, last: int) -> int | None:
    """How a range is said: nothing, if it is one."""
    return last if last > first else None


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """By position, and as they were found where they share one."""
    return tuple(sorted(findings, key=lambda finding: (finding.position is None, finding.position or 0)))
