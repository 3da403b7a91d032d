"""A notary's world in memory, with a real folder: events to sign, and every way to take something from it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from adapters.evidence.folder import EvidenceFolder
from adapters.evidence.signing import new_signing_key, public_of, verify_ed25519
from adapters.memory.evidence import MemoryStoredEvents, MemoryTiles
from adapters.memory.roles import MemoryRoles
from domain.evidence.checkpoint import Checkpoint, parse_checkpoint
from domain.evidence.leaf import StoredEvent
from domain.evidence.merkle import Edge
from domain.evidence.note import Note, parse_note
from domain.evidence.verdict import Restore
from workers.sealing import Sealed, Sealer
from workers.tenure import Tenure

KEY = new_signing_key("waybill-test")
STORE, RESTORED = UUID(int=1), UUID(int=2)
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def event(position: int, *, said: str = "") -> StoredEvent:
    state = f'{{"said":"{said}"}}'.encode()
    return StoredEvent(
        position=position, stream=UUID(int=position), version=1, topic="skill.skill_archived", state=state
    )


def root_of(events: list[StoredEvent]) -> bytes:
    grown = Edge()
    for found in events:
        grown.append(found.leaf)
    return grown.root()


class Notarizing:
    """`sealer` is the notary of now; `another` has the same key and what is left."""

    def __init__(self, path: Path, tenure: Tenure, roles: MemoryRoles) -> None:
        self.path = path
        self.tenure = tenure
        self.stored = MemoryStoredEvents(store=STORE)
        self.tiles = MemoryTiles(roles)
        self.restores: list[Restore] = []
        self.now = BEGIN
        self.key = KEY
        self.sealer = self.another()

    def another(self) -> Sealer:
        self.sealer = Sealer(
            stored=self.stored,
            tiles=self.tiles,
            folder=EvidenceFolder(self.path),
            key=self.key,
            restores=self._restores,
            clock=self._tick,
        )
        return self.sealer

    def happen(self, count: int) -> None:
        first = len(self.stored.rows) + 1
        self.stored.rows += [event(position) for position in range(first, first + count)]

    def change(self, position: int) -> None:
        self.stored.rows[position - 1] = event(position, said="something else")

    def restore(self, position: int) -> None:
        """What is behind the position is forgotten, and the store says so."""
        del self.stored.rows[position:]
        self._tick()
        self.restores.append(Restore(position=position + 1, at=self.now))
        self.stored.rows.append(event(position + 1, said="restored"))
        self.stored.store = RESTORED

    async def seal(self, *, elsewhere: str | None = None) -> list[Sealed]:
        """By another notary, to the end."""
        await self.another().settle(elsewhere=elsewhere)
        return await self.go_on()

    async def go_on(self) -> list[Sealed]:
        sealed = []
        head = await self.stored.head()
        while (before := self.sealer.size) < head.position:
            found = await self.sealer.seal(self.tenure, head)
            sealed += [found] if found else []
            if self.sealer.size == before or self.tenure.lost.is_set():
                break
        return sealed

    def lose_folder(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def signed(self) -> list[Checkpoint]:
        """Every checkpoint in the folder, each of which must be ours, and of the events of its time."""
        return [checkpoint_of(note) for note in EvidenceFolder(self.path).checkpoints()]

    def is_over_the_events(self, checkpoint: Checkpoint) -> bool:
        return checkpoint.root == root_of(self.stored.rows[: checkpoint.size])

    def leaves(self) -> list[bytes]:
        file = EvidenceFolder(self.path).leaves(self.stored.store)
        hashes = file.read(after=0, limit=file.size) if file else b""
        return [hashes[begin : begin + 32] for begin in range(0, len(hashes), 32)]

    async def _restores(self) -> list[Restore]:
        return self.restores

    def _tick(self) -> datetime:
        self.now += timedelta(minutes=5)
        return self.now


def checkpoint_of(note: Note | str) -> Checkpoint:
    note = parse_note(note) if isinstance(note, str) else note
    assert note.signed_by(public_of(KEY), verify_ed25519)
    return parse_checkpoint(note.text)


@asynccontextmanager
async def notarizing(path: Path) -> AsyncIterator[Notarizing]:
    roles = MemoryRoles()
    tenure = await Tenure.begin(roles, role="notary", holder="test")
    assert tenure is not None
    try:
        yield Notarizing(path, tenure, roles)
    finally:
        await tenure.end()


def flip(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]
