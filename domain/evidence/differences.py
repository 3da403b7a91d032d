"""What was done to events that are not as they were signed: told from their leaf hashes, in which their positions are."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.evidence.leaf import StoredEvent
from domain.evidence.merkle import HASH_BYTES
from domain.evidence.verdict import FINDINGS_MAX, Finding, FindingKind, until

# How far ahead the place where both agree again is looked for: in the copy of the hashes, where a look is cheap, and in the
# events themselves. The first difference is worth more than those behind it.
HASHES_AHEAD_MAX: Final = 65_536
EVENTS_AHEAD_MAX: Final = 1_024
AHEAD_LATER: Final = 64


class Told(Struct, frozen=True, kw_only=True):
    """What an event's envelope says of it."""

    id: UUID
    at: datetime


# None: the envelope cannot be read.
Tell = Callable[[StoredEvent], Told | None]


class Step(Struct, frozen=True, kw_only=True):
    """How many of the signed and of the found events the difference is. `over`: from here on nothing can be compared."""

    signed: int
    found: int
    over: bool = False


class Differing(Struct, frozen=True, kw_only=True):
    """Where the two part. `hashes` are those of the signed events from `position` on, up to where a copy has them, the first of
    them signed for sure at `signed_at`; `events` are what is found from `expected_at` on, at least one.
    """

    position: int
    expected_at: int
    signed_at: datetime
    hashes: bytes
    events: Sequence[StoredEvent]

    @property
    def leaf(self) -> bytes:
        return self.hashes[:HASH_BYTES]

    @property
    def event(self) -> StoredEvent:
        return self.events[0]

    def stands_later(self) -> int:
        """By how many events the signed one stands further on; 0 if it is not seen there."""
        found = (k for k, event in enumerate(self.events) if k and event.at(self.position).leaf == self.leaf)
        return next(found, 0)

    def belongs_later(self) -> int:
        """By how many positions the event that is found here should stand further on; 0 if it is not known from there."""
        for k in range(1, len(self.hashes) // HASH_BYTES):
            if self.event.at(self.position + k).leaf == self.hashes[k * HASH_BYTES : (k + 1) * HASH_BYTES]:
                return k
        return 0

    def goes_on(self, *, signed: int, found: int) -> bool:
        """Whether the two agree from so many further on, or one of them ends there."""
        if found >= len(self.events) or (signed + 1) * HASH_BYTES > len(self.hashes):
            return True
        leaf = self.hashes[signed * HASH_BYTES : (signed + 1) * HASH_BYTES]
        return self.events[found].at(self.position + signed).leaf == leaf


class Loose(Struct, frozen=True, kw_only=True):
    """A finding that may turn out to be one half of two: an event out of its place, or a place without its event."""

    finding: int
    position: int
    leaf: bytes | None = None
    event: StoredEvent | None = None


class Differences:
    """Explains one difference after the other, in the order of their positions."""

    def __init__(self, tell: Tell) -> None:
        self.findings: list[Finding] = []
        self.left_off = 0
        self._tell = tell
        self._loose: list[Loose] = []

    @property
    def ahead(self) -> tuple[int, int]:
        """How many hashes and events to show of the next difference."""
        if not self.findings:
            return HASHES_AHEAD_MAX, EVENTS_AHEAD_MAX
        return (AHEAD_LATER, AHEAD_LATER) if len(self.findings) < FINDINGS_MAX else (2, 2)

    def explain(self, differing: Differing) -> Step:
        gap = differing.event.position - differing.expected_at
        if gap > 0:
            self.removed(differing.expected_at, gap, leaf=differing.leaf)
            return Step(signed=gap, found=0)
        if gap < 0:
            self._inserted(differing.event, 1)
            return Step(signed=0, found=1)
        later, belongs = differing.stands_later(), differing.belongs_later()
        if later and not belongs and differing.goes_on(signed=1, found=later + 1):
            self._inserted(differing.event, later)
            return Step(signed=0, found=later)
        if belongs and not later and differing.goes_on(signed=belongs + 1, found=1):
            self.removed(differing.position, belongs, leaf=differing.leaf)
            return Step(signed=belongs, found=0)
        if later or belongs:
            return self._moved(differing, later=later, belongs=belongs)
        return self._other(differing)

    def removed(self, position: int, number: int, *, leaf: bytes | None = None) -> None:
        """`leaf` is that of the first of them."""
        if number == 1 and leaf is not None and self.stands_before(position, leaf):
            return
        what = "The event that stood here is" if number == 1 else f"The {number} events that stood here are"
        finding = Finding(
            kind=FindingKind.REMOVED,
            position=position,
            until=until(position, position + number - 1),
            detail=f"{what} not there any more.",
        )
        self._add(finding, loose_at=position, leaf=leaf if number == 1 else None)

    def out_of_number(self, event: StoredEvent, *, expected_at: int) -> None:
        """For an event of which no hash is known."""
        if event.position > expected_at:
            self.removed(expected_at, event.position - expected_at)
        else:
            self._inserted(event, 1)

    def add(self, finding: Finding) -> None:
        self._add(finding)

    def is_missed(self, event: StoredEvent) -> bool:
        """Whether it is what a place before has lost; then nothing new was found."""
        for loose in self._loose:
            if loose.leaf is not None and event.at(loose.position).leaf == loose.leaf:
                self._pair(loose, f"The event that stood here stands at {event.position}.")
                return True
        return False

    def stands_before(self, position: int, leaf: bytes) -> bool:
        """Whether what belongs here was found already, before its place."""
        for loose in self._loose:
            if loose.event is not None and loose.event.at(position).leaf == leaf:
                self._pair(loose, f"This event stood at {position}.")
                return True
        return False

    def _inserted(self, event: StoredEvent, number: int) -> None:
        if number == 1 and self.is_missed(event):
            return
        what = "This event was" if number == 1 else f"These {number} events were"
        finding = Finding(
            kind=FindingKind.INSERTED,
            position=event.position,
            until=until(event.position, event.position + number - 1),
            event_id=self._id_of(event),
            detail=f"{what} not here when the events around were signed.",
        )
        self._add(finding, loose_at=event.position, event=event if number == 1 else None)

    def _moved(self, differing: Differing, *, later: int, belongs: int) -> Step:
        there = f"The event that stood here is {later} further on." if later else ""
        here = f"What stands here stood {belongs} further on." if belongs else ""
        event = differing.event
        finding = Finding(
            kind=FindingKind.REORDERED,
            position=event.position,
            event_id=self._id_of(event),
            detail=f"{there} {here}".strip(),
        )
        self._add(finding, loose_at=differing.position, leaf=differing.leaf, event=event)
        # Moved across others, which all stand one further on or one further back now; else the two have changed places.
        if later == 1 and belongs > 1:
            return Step(signed=0, found=1)
        if belongs == 1 and later > 1:
            return Step(signed=1, found=0)
        return Step(signed=1, found=1)

    def _other(self, differing: Differing) -> Step:
        event = differing.event
        if self.is_missed(event) or self.stands_before(differing.position, differing.leaf):
            return Step(signed=1, found=1)
        told = self._tell(event)
        if told is not None and told.at > differing.signed_at and not self._agrees_again(differing):
            finding = Finding(
                kind=FindingKind.ROLLED_BACK,
                position=event.position,
                event_id=told.id,
                detail=(
                    f"What stands here is of {told.at:%Y-%m-%d %H:%M:%S} UTC; but this position was signed before, at "
                    f"{differing.signed_at:%Y-%m-%d %H:%M:%S}. The store was set back, and went on from here."
                ),
            )
            self._add(finding)
            return Step(signed=0, found=0, over=True)
        detail = "This event, or its place in its stream, is not what was signed."
        finding = Finding(
            kind=FindingKind.CHANGED,
            position=event.position,
            event_id=None if told is None else told.id,
            detail=detail,
        )
        self._add(finding, loose_at=differing.position, leaf=differing.leaf, event=event)
        return Step(signed=1, found=1)

    def _agrees_again(self, differing: Differing) -> bool:
        """Whether the very next event is as it was signed: then this one alone was changed."""
        following = differing.hashes[HASH_BYTES : 2 * HASH_BYTES]
        return len(differing.events) > 1 and differing.events[1].at(differing.position + 1).leaf == following

    def _pair(self, loose: Loose, detail: str) -> None:
        if loose.finding >= 0 and self.findings[loose.finding].kind is not FindingKind.REORDERED:
            former = self.findings[loose.finding]
            self.findings[loose.finding] = replace(former, kind=FindingKind.REORDERED, detail=detail)

    def _add(
        self,
        finding: Finding,
        *,
        loose_at: int | None = None,
        leaf: bytes | None = None,
        event: StoredEvent | None = None,
    ) -> None:
        if len(self.findings) >= FINDINGS_MAX:
            self.left_off += 1
            return
        self.findings.append(finding)
        if loose_at is not None and (leaf is not None or event is not None):
            self._loose.append(Loose(finding=len(self.findings) - 1, position=loose_at, leaf=leaf, event=event))

    def _id_of(self, event: StoredEvent) -> UUID | None:
        told = self._tell(event)
        return None if told is None else told.id
