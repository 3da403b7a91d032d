"""Logs in memory: events, what the notary signs over them, the copies of their hashes, and what somebody does to them."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from adapters.memory.evidence import MemoryStoredEvents
from domain.evidence.binding import Binding, bind
from domain.evidence.checkpoint import Checkpoint
from domain.evidence.differences import Told
from domain.evidence.leaf import StoredEvent
from domain.evidence.merkle import HASH_BYTES, Edge
from domain.evidence.verdict import Finding, FindingKind, Restore, in_order
from domain.evidence.verifying import Copy, Found, Outcome, Verification

NOON: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
STORE: Final = UUID(int=1)
FORMER_STORE: Final = UUID(int=2)
STREAMS: Final = 3
SECONDS_APART: Final = 10
SIGNED_AFTER: Final = timedelta(seconds=1)
SIZE_MAX: Final = 40
few: Final = settings(max_examples=20, deadline=None)

Tampering = Callable[[list[StoredEvent]], list[StoredEvent]]


def event_id(number: int) -> UUID:
    return uuid5(STORE, str(number))


def stored(number: int, *, at: datetime | None = None, content: str = "") -> StoredEvent:
    """The event that is appended as number `number`."""
    at = at or NOON + timedelta(seconds=number * SECONDS_APART)
    envelope = {"id": event_id(number), "at": at, "data": {"number": number, "content": content}}
    return StoredEvent(
        position=number,
        stream=UUID(int=number % STREAMS + 10),
        version=(number - 1) // STREAMS + 1,
        topic="skill.skill_registered",
        state=msgspec.json.encode(envelope),
    )


def log_of(size: int) -> list[StoredEvent]:
    return [stored(number) for number in range(1, size + 1)]


def renumbered(events: Iterable[StoredEvent]) -> list[StoredEvent]:
    """Each at the position where it stands in the list, as whoever covers their tracks does it."""
    return [event.at(position) for position, event in enumerate(events, start=1)]


def tell(event: StoredEvent) -> Told | None:
    try:
        envelope: dict[str, Any] = msgspec.json.decode(event.state)
        return Told(id=UUID(envelope["id"]), at=datetime.fromisoformat(envelope["at"]))
    except (ValueError, KeyError):
        return None


def leaves_of(events: Sequence[StoredEvent]) -> bytes:
    return b"".join(event.leaf for event in events)


def signed(events: Sequence[StoredEvent], size: int, *, store: UUID = STORE) -> Checkpoint:
    """As the notary signs it a second after the last of the events."""
    edge = Edge()
    for event in events[:size]:
        edge.append(event.leaf)
    told = tell(events[size - 1])
    assert told is not None
    return Checkpoint(origin="waybill-00000000", size=size, root=edge.root(), store=store, at=told.at + SIGNED_AFTER)


class MemoryLeaves:
    """`Leaves` over bytes."""

    def __init__(self, hashes: bytes) -> None:
        self._hashes = hashes

    async def read(self, *, after: int, limit: int) -> bytes:
        return self._hashes[after * HASH_BYTES : (after + limit) * HASH_BYTES]


class Trial(Struct, frozen=True, kw_only=True):
    """What there is when somebody looks. `folder` and `tiles` are the hashes there, None where nothing is left. `head`: where it
    stands, if that is not at the last event.
    """

    events: Sequence[StoredEvent]
    checkpoints: Sequence[Checkpoint]
    strict: Sequence[Checkpoint] = ()
    restores: Sequence[Restore] = ()
    folder: bytes | None = None
    tiles: bytes | None = None
    head: int | None = None

    @property
    def binding(self) -> Binding:
        return bind(self.checkpoints, strict=self.strict, store=STORE, restores=self.restores)

    def outcome(self) -> Outcome:
        return asyncio.run(self._outcome())

    async def _outcome(self) -> Outcome:
        stored = MemoryStoredEvents(self.events, store=STORE)
        last = (await stored.head()).position
        copies = []
        if self.folder is not None:
            copies.append(Copy("folder", MemoryLeaves(self.folder)))
        if self.tiles is not None:
            copies.append(Copy("tiles", MemoryLeaves(self.tiles)))
        found = Found(stored, last=last, examine=nothing_to_see, progress=lambda _: None)
        return await Verification(
            found=found, head=self.head or last, binding=self.binding, copies=copies, tell=tell
        ).run()


def trial(events: Sequence[StoredEvent], sizes: Sequence[int]) -> Trial:
    """As all of it was left by the notary."""
    hashes = leaves_of(events[: max(sizes, default=0)])
    return Trial(events=events, checkpoints=[signed(events, size) for size in sizes], folder=hashes, tiles=hashes)


def tampered(before: Trial, tampering: Tampering) -> Trial:
    return replace(before, events=tampering(list(before.events)))


async def nothing_to_see(_: Sequence[StoredEvent]) -> Sequence[Finding]:
    return ()


def altered(event: StoredEvent) -> StoredEvent:
    """As somebody changes what it says, and nothing of its place."""
    return replace(event, state=event.state.replace(b'"content":""', b'"content":"x"'))


@st.composite
def logs(draw: st.DrawFn, *, least: int = 4) -> Trial:
    """With checkpoints at any sizes, the last of them over all or not."""
    size = draw(st.integers(least, SIZE_MAX))
    sizes = draw(st.sets(st.integers(1, size), min_size=1, max_size=6))
    return trial(log_of(size), sorted({*sizes, draw(st.integers(least, size))}))


def sealed(before: Trial) -> int:
    return max(checkpoint.size for checkpoint in before.checkpoints)


def findings(of: Trial) -> tuple[Finding, ...]:
    return in_order(list((of.outcome()).findings))


def first(of: Trial) -> tuple[FindingKind, int | None, int | None]:
    found = findings(of)
    assert found, "nothing was found"
    return found[0].kind, found[0].position, found[0].until
