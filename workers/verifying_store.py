"""Verifies a store against everything that was signed of it, and against what it says of itself."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from adapters.evidence.folder import EvidenceFolder, LeafFile
from adapters.evidence.signing import verify_ed25519
from adapters.postgres.evidence_checks import Bounds, PostgresEvidenceChecks, UnreadableEvent, recorded_of
from domain.events import Recorded
from domain.evidence.binding import bind
from domain.evidence.checkpoint import Checkpoint, parse_checkpoint
from domain.evidence.differences import Told
from domain.evidence.leaf import StoredEvent
from domain.evidence.merkle import HASH_BYTES
from domain.evidence.note import Note, NoteError, VerifyingKey, parse_note
from domain.evidence.ports import StoredEvents, Tiles
from domain.evidence.tiles import TILE_BYTES, TILE_HASHES
from domain.evidence.verdict import FINDINGS_MAX, Finding, FindingKind, Verdict, in_order, until
from domain.evidence.verifying import COPY_HASHES, Copy, Found, Verification
from domain.skill.events import ManifestEntry, SkillVersionPublished
from workers.tile_checking import check_tiles

# So many signatures are checked before others get their turn.
NOTES_TOGETHER: Final = 64
# Files that several versions share are read once, unless there are more than this.
DIGESTS_KEPT_MAX: Final = 100_000

# Told how many events are done, and how many there are.
OnProgress = Callable[[int, int], None]


class Signed(Struct, kw_only=True):
    """What the notary has signed, and what of it is not worth anything."""

    checkpoints: list[Checkpoint]
    findings: list[Finding]


async def verify_store(
    *,
    stored: StoredEvents,
    tiles: Tiles,
    folder: EvidenceFolder,
    key: VerifyingKey,
    checks: PostgresEvidenceChecks,
    against: Sequence[Checkpoint] = (),
    on_progress: OnProgress | None = None,
) -> Verdict:
    """`against` are checkpoints that somebody kept elsewhere: those have to hold also where the store says that it was set back.

    Memory does not grow with the events, and by some 200 bytes with each checkpoint. Raises StoreOffline, OSError.
    """
    signed = await _read_signed(folder, tiles, key)
    # What was signed was stored before, so that the store has to reach as far as the checkpoints that were read first.
    bounds, restores = await checks.bounds(), await checks.restores()
    binding = bind(signed.checkpoints, strict=against, store=bounds.store, restores=restores)
    examination = Examination(checks)
    found = Found(
        stored,
        last=bounds.last,
        examine=examination.examine,
        progress=lambda done: on_progress(done, bounds.last) if on_progress else None,
    )
    stores = dict.fromkeys([bounds.store, *(checkpoint.store for checkpoint in reversed(signed.checkpoints))])
    copies = _copies(folder, stores, tiles)
    walk = Verification(found=found, head=bounds.head, binding=binding, copies=copies, tell=tell)
    outcome = await walk.run()
    findings = [*signed.findings, *outcome.findings, *_of_bounds(bounds, proved=binding.size)]
    if bounds.last and not binding.checkpoints and not findings:
        findings.append(_nothing_signed())
    findings += [gap async for gap in checks.version_gaps()]
    if outcome.compared_with == "folder" and (changed := await check_tiles(tiles, copies[0], proved=outcome.proved)):
        findings.append(changed)
    return Verdict(
        store=bounds.store,
        events=outcome.events,
        proved=outcome.proved,
        signed_at=outcome.by.at if outcome.by else None,
        checkpoints=len(signed.checkpoints) + len(against),
        compared_with=outcome.compared_with,
        restores=binding.restores,
        findings=in_order(findings)[:FINDINGS_MAX],
        left_off=outcome.left_off + max(0, len(findings) - FINDINGS_MAX),
    )


def checkpoint_of(note: Note, key: VerifyingKey) -> Checkpoint:
    """What the note says, if this key has signed it. Raises NoteError."""
    if not note.signed_by(key, verify_ed25519):
        raise NoteError(f"it is not signed by {key.name}+{key.id.hex()}")
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != key.name:
        raise NoteError(f"it is a checkpoint of another log, {checkpoint.origin}")
    return checkpoint


class Examination:
    """What is to be seen in an event itself: that it can be read, and that the bytes it names are there and are the ones."""

    def __init__(self, checks: PostgresEvidenceChecks) -> None:
        self._checks = checks
        self._known: OrderedDict[str, str | None] = OrderedDict()

    async def examine(self, events: Sequence[StoredEvent]) -> Sequence[Finding]:
        findings: list[Finding] = []
        for event in events:
            try:
                recorded = recorded_of(event)
            except UnreadableEvent as error:
                detail = f"What is stored here is no event as Waybill writes it: {error}."
                findings.append(Finding(kind=FindingKind.UNREADABLE, position=event.position, detail=detail))
                continue
            if isinstance(recorded.event, SkillVersionPublished):
                digests = {entry: await self._digest(entry.sha256) for entry in recorded.event.manifest}
                findings += [
                    _of_bundle(recorded, entry, digest) for entry, digest in digests.items() if digest != entry.sha256
                ]
        return findings

    async def _digest(self, sha256: str) -> str | None:
        if sha256 not in self._known:
            self._known |= await self._checks.bundle_digests((sha256,))
            if len(self._known) > DIGESTS_KEPT_MAX:
                self._known.popitem(last=False)
        return self._known[sha256]


class FolderLeaves:
    """Implements `Leaves` over a file of the evidence folder."""

    def __init__(self, file: LeafFile) -> None:
        self._file = file

    async def read(self, *, after: int, limit: int) -> bytes:
        return self._file.read(after=after, limit=limit)


class TileLeaves:
    """Implements `Leaves` over the tiles."""

    def __init__(self, tiles: Tiles) -> None:
        self._tiles = tiles

    async def read(self, *, after: int, limit: int) -> bytes:
        first, begin = divmod(after, TILE_HASHES)
        indexes = range(first, (after + min(limit, COPY_HASHES) - 1) // TILE_HASHES + 1)
        found = await self._tiles.read(0, indexes)
        hashes = b""
        for index in indexes:
            hashes += found.get(index, b"")[:TILE_BYTES]
            if len(hashes) < (index - first + 1) * TILE_BYTES:
                break  # what stands behind a hole stands at no place
        return hashes[begin * HASH_BYTES :][: limit * HASH_BYTES]


def tell(event: StoredEvent) -> Told | None:
    """Implements `Tell`."""
    try:
        recorded = recorded_of(event)
    except UnreadableEvent:
        return None
    return Told(id=recorded.id, at=recorded.at)


async def _read_signed(folder: EvidenceFolder, tiles: Tiles, key: VerifyingKey) -> Signed:
    signed = Signed(checkpoints=[], findings=[])
    known: dict[UUID, UUID] = {}

    def take(note: Note, where: str) -> None:
        try:
            checkpoint = checkpoint_of(note, key)
        except NoteError as error:
            signed.findings.append(_unsigned(note.text, where, error))
            return
        # One object each for the many that say the same.
        store = known.setdefault(checkpoint.store, checkpoint.store)
        signed.checkpoints.append(replace(checkpoint, origin=key.name, store=store))

    try:
        for number, note in enumerate(folder.checkpoints()):
            take(note, f"Checkpoint {number + 1} in the evidence folder")
            if number % NOTES_TOGETHER == 0:
                await asyncio.sleep(0)
    except NoteError as error:
        signed.findings.append(_unsigned("", "What follows in the evidence folder", error))
    written = await tiles.latest()
    if written is not None:
        try:
            take(parse_note(written), "The checkpoint in the database")
        except NoteError as error:
            signed.findings.append(_unsigned("", "The checkpoint in the database", error))
    return signed


def _copies(folder: EvidenceFolder, stores: Sequence[UUID] | dict[UUID, None], tiles: Tiles) -> list[Copy]:
    files = (folder.leaves(store) for store in stores)
    return [*(Copy("folder", FolderLeaves(file)) for file in files if file), Copy("tiles", TileLeaves(tiles))]


def _unsigned(text: str, where: str, error: NoteError) -> Finding:
    size = next((line for line in text.split("\n")[1:2] if line.isdecimal()), None)
    about = f" over {size} events" if size else ""
    return Finding(kind=FindingKind.UNSIGNED, position=None, detail=f"{where}{about} proves nothing: {error}.")


def _nothing_signed() -> Finding:
    detail = (
        "There is no checkpoint, in the evidence folder or in the database: nothing says what these events were before."
    )
    return Finding(kind=FindingKind.UNSIGNED, position=None, detail=detail)


def _of_bundle(recorded: Recorded, entry: ManifestEntry, digest: str | None) -> Finding:
    """`digest`: of the bytes that are there, None without any."""
    missing = digest is None
    said = "is not in the store" if missing else f"has the SHA-256 {digest} in the store"
    return Finding(
        kind=FindingKind.BUNDLE_MISSING if missing else FindingKind.BUNDLE_CHANGED,
        position=recorded.position,
        event_id=recorded.id,
        detail=f"{entry.path}, which was registered with the SHA-256 {entry.sha256}, {said}.",
    )


def _of_bounds(bounds: Bounds, *, proved: int) -> Iterator[Finding]:
    """`proved`: so many events were signed."""
    head, last = bounds.head, bounds.last
    if bounds.first < 1:
        detail = "There is an event before the first position."
        yield Finding(kind=FindingKind.INSERTED, position=bounds.first, detail=detail)
    if last > head and last > proved:
        first = max(head, proved) + 1
        yield Finding(
            kind=FindingKind.INSERTED,
            position=first,
            until=until(first, last),
            detail=f"The store stands at {head}, and what is behind that was not stored by Waybill.",
        )
    elif last != head:
        detail = (
            f"The head stands at {head}, the last event at {last}: one of the two was moved, or events were deleted."
        )
        first = min(head, last) + 1
        yield Finding(kind=FindingKind.HEAD_MOVED, position=first, until=until(first, max(head, last)), detail=detail)
