"""Signs what the store has: the tree over its events goes on from what was signed before, or nothing is signed at all."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from msgspec import Struct

from adapters.evidence.folder import EvidenceFolder
from adapters.evidence.signing import public_of, signer_of
from domain.evidence.checkpoint import Checkpoint, parse_checkpoint
from domain.evidence.leaf import StoredEvent
from domain.evidence.merkle import HASH_BYTES
from domain.evidence.note import Note, NoteError, SigningKey, parse_note, sign_note
from domain.evidence.ports import StoredEvents, StoreHead, Tiles
from domain.evidence.tiles import TILE_HASHES, GrowingTiles
from domain.evidence.verdict import Restore
from workers.failpoints import Failpoint, reach
from workers.taking_up import batches_of_leaves, take_up
from workers.tenure import Tenure
from workers.witnesses import EvidenceContradicted, Witness, binding, gather

# Signed together when there is much to catch up on.
EVENTS_MAX: Final = 64 * TILE_HASHES

log = structlog.get_logger(__name__)


class Sealed(Struct, frozen=True, kw_only=True):
    """A checkpoint that is on the disk and in the database."""

    note: str
    size: int
    store: UUID


class Sealer:
    """`settle` first, and again after any error. Both methods raise EvidenceContradicted, StoreOffline, FolderBusy, OSError.

    What was signed and is not in the tiles yet is ahead: until the tree has come there, and was found to be the same, nothing is
    signed.
    """

    def __init__(
        self,
        *,
        stored: StoredEvents,
        tiles: Tiles,
        folder: EvidenceFolder,
        key: SigningKey,
        restores: Callable[[], Awaitable[Sequence[Restore]]],
        clock: Callable[[], datetime],
    ) -> None:
        self._stored = stored
        self._tiles = tiles
        self._folder = folder
        self._key = key
        self._public = public_of(key)
        self._sign = signer_of(key.seed)
        self._restores = restores
        self._clock = clock
        self._growth = GrowingTiles()
        self._ahead: list[Witness] = []
        self._kept = self._filed = 0
        self.store = UUID(int=0)
        self.newest: Sealed | None = None

    @property
    def size(self) -> int:
        """How many events are in the tree."""
        return self._growth.size

    async def settle(self, *, elsewhere: str | None = None) -> None:
        """Find out what was signed before, by whoever still remembers it, and take up the tree there. `elsewhere`: the newest
        note on NATS.
        """
        await self._mend()
        witnesses = await gather(folder=self._folder, tiles=self._tiles, elsewhere=elsewhere, key=self._public)
        head = await self._stored.head()
        bound = binding(witnesses, head, await self._restores())
        self.store = head.store
        self._kept = await asyncio.to_thread(self._kept_leaves)
        self._growth = await take_up(self._tiles, bound, kept=self._kept)
        self._ahead = [witness for witness in bound if witness.checkpoint.size > self.size]
        self.newest = _sealed(bound[-1].note, bound[-1].checkpoint) if bound else None
        await self._fill()
        await self._note_down()

    async def seal(self, tenure: Tenure, head: StoreHead) -> Sealed | None:
        """Sign what comes next, at most up to the head. None: nothing new, or it was signed before, or the role is gone."""
        end = min(head.position, self.size + EVENTS_MAX, *(found.checkpoint.size for found in self._ahead[:1]))
        if end <= self.size:
            return None
        hashes = self._append(await self._stored.read(after=self.size, limit=end - self.size))
        known = bool(self._ahead)
        while self._ahead and self._ahead[0].checkpoint.size == self.size:
            self._agree(self._ahead.pop(0))
        if not known:
            return await self._sign_over(hashes, tenure)
        await self._keep(hashes, tenure)
        return None

    async def _mend(self) -> None:
        try:
            cut = await asyncio.to_thread(self._folder.mend)
        except NoteError as error:
            raise EvidenceContradicted(f"the evidence folder cannot be read: {error}") from None
        if cut:
            log.warning("evidence_cut_back", bytes=cut)

    def _kept_leaves(self) -> int:
        """How many leaf hashes the folder has of this store. Those that no checkpoint there is over may be anything."""
        last, file = self._folder.last(), self._folder.leaves(self.store)
        checkpoint = parse_checkpoint(last.text) if last else None
        self._filed = checkpoint.size if checkpoint and checkpoint.store == self.store else 0
        if not self._filed:
            self._folder.cut_leaves(store=self.store, size=0)
            return 0
        return file.size if file else 0

    async def _fill(self) -> None:
        """What the folder lacks is in the tiles."""
        async for hashes in batches_of_leaves(self._tiles, after=self._kept, size=self.size):
            await self._file(hashes)

    async def _note_down(self) -> None:
        """What was signed while another folder was written to."""
        newest = self.newest
        if newest and newest.store == self.store and self._filed < newest.size == self.size == self._kept:
            note = parse_note(newest.note)
            await asyncio.to_thread(self._folder.append, note, b"", store=self.store, size=self.size)
            self._filed = self.size

    def _append(self, events: Sequence[StoredEvent]) -> bytes:
        """The leaf hashes of the events, up to the first hole."""
        hashes = bytearray()
        for position, event in enumerate(events, start=self.size + 1):
            if event.position != position:
                break
            hashes += event.leaf
        if not hashes:
            missing = self.size + 1
            raise EvidenceContradicted(f"event {missing} is not in the store", position=missing)
        self._growth.append(bytes(hashes))
        return bytes(hashes)

    def _agree(self, witness: Witness) -> None:
        if self._growth.root() != witness.checkpoint.root:
            raise EvidenceContradicted(
                f"the first {witness.checkpoint.size} events are not those that {witness.where} has a checkpoint of"
            )

    async def _sign_over(self, hashes: bytes, tenure: Tenure) -> Sealed | None:
        if not tenure.held:
            return None
        checkpoint = Checkpoint(
            origin=self._key.name,
            size=self.size,
            root=self._growth.root(),
            store=self.store,
            at=self._clock(),
        )
        note = sign_note(str(checkpoint), self._key, self._sign)
        fresh = self._not_kept(hashes)
        await asyncio.to_thread(self._folder.append, note, fresh, store=self.store, size=self.size)
        self._kept = self._filed = self.size
        reach(Failpoint.CHECKPOINT_FILED)
        self.newest = _sealed(note, checkpoint)
        return self.newest if await self._write(note, checkpoint.size, tenure) else None

    async def _keep(self, hashes: bytes, tenure: Tenure) -> None:
        """What was signed before needs no other signature."""
        if fresh := self._not_kept(hashes):
            await self._file(fresh)
        await self._note_down()
        if self.newest is not None:
            await self._write(parse_note(self.newest.note), self.newest.size, tenure)

    async def _file(self, hashes: bytes) -> None:
        await asyncio.to_thread(self._folder.fill, hashes, store=self.store, after=self._kept)
        self._kept += len(hashes) // HASH_BYTES

    def _not_kept(self, hashes: bytes) -> bytes:
        begin = self.size - len(hashes) // HASH_BYTES
        return hashes[max(0, self._kept - begin) * HASH_BYTES :]

    async def _write(self, note: Note, size: int, tenure: Tenure) -> bool:
        changed, key = self._growth.take_changed(), str(self._public)
        if not await self._tiles.write(changed, note=str(note), public_key=key, size=size, lease=tenure.lease):
            tenure.lost.set()
            return False
        reach(Failpoint.CHECKPOINT_STORED)
        tenure.position = self.size
        return True


def _sealed(note: Note, checkpoint: Checkpoint) -> Sealed:
    return Sealed(note=str(note), size=checkpoint.size, store=checkpoint.store)
