"""Goes through a whole store once, in batches, and compares it with everything that was signed of it."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import Final

from msgspec import Struct

from domain.evidence.binding import Binding
from domain.evidence.checkpoint import Checkpoint
from domain.evidence.differences import EVENTS_AHEAD_MAX, Differences, Differing, Step, Tell
from domain.evidence.leaf import StoredEvent
from domain.evidence.merkle import HASH_BYTES, Edge
from domain.evidence.ports import Leaves, StoredEvents
from domain.evidence.verdict import Finding, FindingKind, Source, until

BATCH_EVENTS: Final = 1_024
# How many hashes of a copy are read at once.
COPY_HASHES: Final = 4_096

# What is found in events themselves, whatever was signed of them: called once with every event, in their order.
Examine = Callable[[Sequence[StoredEvent]], Awaitable[Sequence[Finding]]]
# Told how many events are done.
Progress = Callable[[int], None]


class Copy:
    """A copy of the leaf hashes, read ahead. `name` says whose."""

    def __init__(self, name: Source, leaves: Leaves) -> None:
        self.name = name
        self._leaves = leaves
        self._after = 0
        self._held = b""

    async def read(self, *, after: int, limit: int) -> bytes:
        """As `Leaves`, of at most COPY_HASHES."""
        begin = (after - self._after) * HASH_BYTES
        held = self._held[begin : begin + limit * HASH_BYTES] if begin >= 0 else b""
        if len(held) == limit * HASH_BYTES:
            return held
        self._after, self._held = after, await self._leaves.read(after=after, limit=max(limit, COPY_HASHES))
        return self._held[: limit * HASH_BYTES]

    async def ahead(self, *, after: int, limit: int) -> bytes:
        """As far as it goes; nothing of it is kept."""
        found = []
        while limit > 0 and (hashes := await self._leaves.read(after=after, limit=min(limit, COPY_HASHES))):
            found.append(hashes)
            after += len(hashes) // HASH_BYTES
            limit -= len(hashes) // HASH_BYTES
        return b"".join(found)


class Found:
    """The events as they stand in the store up to a position, with a look ahead."""

    def __init__(self, stored: StoredEvents, *, last: int, examine: Examine, progress: Progress) -> None:
        self._stored = stored
        self.last = last
        self._examine = examine
        self._progress = progress
        self._held: list[StoredEvent] = []
        self._begin = 0
        self._read_up_to = 0
        self._ended = False
        self.count = 0
        self.findings: list[Finding] = []

    async def peek(self, number: int) -> Sequence[StoredEvent]:
        """The next events; fewer at the end of the store."""
        while len(self._held) - self._begin < number and not self._ended:
            await self._read()
        return self._held[self._begin : self._begin + number]

    def take(self, number: int) -> None:
        self._begin += number

    async def _read(self) -> None:
        events = await self._stored.read(after=self._read_up_to, limit=BATCH_EVENTS)
        within = [event for event in events if event.position <= self.last]
        if within:
            self.findings += await self._examine(within)
            self.count += len(within)
            self._read_up_to = within[-1].position
            self._held = self._held[self._begin :] + within
            self._begin = 0
            self._progress(self.count)
        self._ended = not events or len(within) < len(events) or self._read_up_to >= self.last


class Outcome(Struct, frozen=True, kw_only=True):
    """`proved`: up to this position the events are those that were signed, which `by` was the last to say."""

    events: int
    proved: int
    by: Checkpoint | None
    compared_with: Source
    findings: tuple[Finding, ...]
    left_off: int


class Verification:
    """One walk. `copies` come in the order in which they are believed: the first that fits what was signed is compared with.

    `head` is where the store says that it ends. Between what is signed and what is found there may be a `shift`: by how many
    positions events stand further on.
    """

    def __init__(self, *, found: Found, head: int, binding: Binding, copies: Sequence[Copy], tell: Tell) -> None:
        self._found = found
        self._head = head
        self._binding = binding
        self._copies = copies
        self._differences = Differences(tell)
        self._edge = Edge()
        self._position = 0
        self._shift = 0
        self._over = False
        self._proved: Checkpoint | None = None
        self._compared_with: Source = "none"

    async def run(self) -> Outcome:
        """Raises StoreOffline."""
        for size, signed in groupby(self._binding.checkpoints, key=lambda checkpoint: checkpoint.size):
            if size and not self._over:
                await self._reach(size, tuple(signed))
        await self._rest()
        self._require_all()
        return Outcome(
            events=self._found.count,
            proved=self._proved.size if self._proved else 0,
            by=self._proved,
            compared_with=self._compared_with,
            findings=(*self._binding.findings, *self._differences.findings, *self._found.findings),
            left_off=self._differences.left_off,
        )

    async def _reach(self, size: int, signed: tuple[Checkpoint, ...]) -> None:
        """Go on to the next size that was signed."""
        roots = {checkpoint.root for checkpoint in signed}
        copy = await self._fitting_copy(size, roots)
        self._compared_with = copy.name if copy else "none"
        if copy is None:
            await self._fold(size, roots)
        else:
            await self._compare(copy, size, signed[0])
        if not self._over and not self._differences.findings:
            self._proved = signed[0]

    async def _fitting_copy(self, size: int, roots: set[bytes]) -> Copy | None:
        """The first copy whose hashes up to this size are those that were signed."""
        for copy in self._copies:
            edge = Edge(self._edge.size, self._edge.hashes)
            while edge.size < size and (
                hashes := await copy.read(after=edge.size, limit=min(size - edge.size, COPY_HASHES))
            ):
                for begin in range(0, len(hashes), HASH_BYTES):
                    edge.append(hashes[begin : begin + HASH_BYTES])
            if edge.size == size and roots == {edge.root()}:
                self._edge = edge
                return copy
        return None

    async def _compare(self, copy: Copy, size: int, signed: Checkpoint) -> None:
        """Every event with its hash in a copy that fits."""
        while self._position < size and not self._over:
            hashes = await copy.read(after=self._position, limit=min(size - self._position, BATCH_EVENTS))
            if await self._agreeing(hashes) * HASH_BYTES < len(hashes):
                await self._differ(copy, signed)

    async def _agreeing(self, hashes: bytes) -> int:
        """How many of the next events have these hashes; the walk goes on behind them."""
        agreeing = 0
        events = await self._found.peek(len(hashes) // HASH_BYTES)
        for position, event in enumerate(events, start=self._position + 1):
            hashed = hashes[agreeing * HASH_BYTES : (agreeing + 1) * HASH_BYTES]
            if event.position != position + self._shift or _leaf_at(event, position) != hashed:
                break
            agreeing += 1
        self._found.take(agreeing)
        self._position += agreeing
        return agreeing

    async def _differ(self, copy: Copy, signed: Checkpoint) -> None:
        """Find out what was done here, and go on behind it."""
        hashes_ahead, events_ahead = self._differences.ahead
        hashes = await copy.ahead(after=self._position, limit=hashes_ahead)
        events = await self._found.peek(events_ahead)
        if not events:
            self._over = not self._differences.stands_before(self._position + 1, hashes[:HASH_BYTES])
            if not self._over:
                await self._go_on(Step(signed=1, found=0))
            return
        differing = Differing(
            position=self._position + 1,
            expected_at=self._position + 1 + self._shift,
            signed_at=signed.at,
            hashes=hashes,
            events=events,
        )
        await self._go_on(self._differences.explain(differing))

    async def _go_on(self, step: Step) -> None:
        self._found.take(step.found)
        self._position += step.signed
        self._over = step.over
        if step.signed != step.found:
            following = await self._found.peek(1)
            next_position = following[0].position if following else self._found.last + 1
            self._shift = next_position - self._position - 1

    async def _fold(self, size: int, roots: set[bytes]) -> None:
        """Without a copy the events themselves must come to what was signed; where they do not, nobody can tell which."""
        edge = Edge(self._edge.size, self._edge.hashes)
        while edge.size < size and not self._over:
            events = await self._found.peek(min(size - edge.size, BATCH_EVENTS))
            folded = _fold_into(edge, events, shift=self._shift)
            self._found.take(folded)
            self._position = edge.size
            self._over = not events or folded < len(events)
        if edge.size < size:
            await self._tell_gap(expected_at=edge.size + self._shift + 1)
        elif roots == {edge.root()}:
            self._edge = edge
        else:
            self._over = True
            self._differences.add(_diverged(self._edge.size, size))

    async def _tell_gap(self, *, expected_at: int) -> None:
        """Unless the store has ended, which is told in the end."""
        for event in await self._found.peek(1):
            self._differences.removed(expected_at, event.position - expected_at)

    async def _rest(self) -> None:
        """What is not signed yet: that no event is missing in between, and none is there that is missed elsewhere."""
        position: int | None = None if self._over else self._position + self._shift
        looked_at = 0
        while events := await self._found.peek(BATCH_EVENTS):
            for event in events:
                if position is not None and event.position != position + 1:
                    self._differences.out_of_number(event, expected_at=position + 1)
                if looked_at < EVENTS_AHEAD_MAX:
                    self._differences.is_missed(event)
                position = event.position
                looked_at += 1
            self._found.take(len(events))

    def _require_all(self) -> None:
        """That the store does not end before what was signed of it."""
        last = self._found.last
        missing = self._binding.size - (last - self._shift)
        if missing <= 0 or any(found.kind is FindingKind.ROLLED_BACK for found in self._differences.findings):
            return
        newest = self._binding.checkpoints[-1]
        signed = f"{newest.size} events were signed at {newest.at:%Y-%m-%d %H:%M:%S} UTC"
        deleted = self._head >= last + missing
        kind = FindingKind.REMOVED if deleted else FindingKind.ROLLED_BACK
        what = "the last ones were deleted" if deleted else "it was set back and does not say so, or cut off at the end"
        detail = f"The store ends before; but {signed}: {what}."
        self._differences.add(
            Finding(kind=kind, position=last + 1, until=until(last + 1, last + missing), detail=detail)
        )


def _fold_into(edge: Edge, events: Sequence[StoredEvent], *, shift: int) -> int:
    """Let the tree grow by the events, up to a gap between them: how many those are."""
    for number, event in enumerate(events):
        if event.position != edge.size + 1 + shift:
            return number
        edge.append(_leaf_at(event, edge.size + 1))
    return len(events)


def _diverged(former: int, size: int) -> Finding:
    return Finding(
        kind=FindingKind.DIVERGED,
        position=former + 1,
        until=until(former + 1, size),
        detail=(
            f"At least one of these events is not as it was signed. Which one cannot be told: neither the evidence folder nor the "
            f"database has hashes that fit the signature over {size} events."
        ),
    )


def _leaf_at(event: StoredEvent, position: int) -> bytes:
    return event.leaf if event.position == position else event.at(position).leaf
