"""The folder outside the database: every checkpoint that was signed, and the hash of every event that it was signed over."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

from adapters.evidence.checkpoint_file import last_note, read_notes, written
from domain.evidence.checkpoint import parse_checkpoint
from domain.evidence.merkle import HASH_BYTES
from domain.evidence.note import Note

CHECKPOINTS: Final = "checkpoints"
LOCK: Final = "lock"


class FolderBusy(Exception):  # noqa: N818 - a state of the world, not a mistake
    """Another process is writing here, or has written since: look again what is there."""


class LeafFile:
    """The leaf hashes of the events of one store, from the first; a leaf at the end that is not whole does not count."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def size(self) -> int:
        """How many events."""
        return self._path.stat().st_size // HASH_BYTES

    def read(self, *, after: int, limit: int) -> bytes:
        """The hashes behind a position; fewer at the end, none behind it."""
        with self._path.open("rb") as file:
            file.seek(after * HASH_BYTES)
            hashes = file.read(limit * HASH_BYTES)
        return hashes[: len(hashes) // HASH_BYTES * HASH_BYTES]


class EvidenceFolder:
    """Whoever writes calls `mend` first. Every method raises OSError, and those that read notes NoteError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._end: int | None = None

    def checkpoints(self) -> Iterator[Note]:
        """Oldest first."""
        return read_notes(self._path / CHECKPOINTS)

    def last(self) -> Note | None:
        note, _ = last_note(self._path / CHECKPOINTS)
        return note

    def leaves(self, store: UUID) -> LeafFile | None:
        path = self._leaves(store)
        return LeafFile(path) if path.exists() else None

    def mend(self) -> int:
        """Make the folder where there is none, and cut off what a crash has left behind the last whole checkpoint: the number
        of bytes. Raises FolderBusy.
        """
        self._path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._locked():
            checkpoints = self._path / CHECKPOINTS
            note, self._end = last_note(checkpoints)
            cut = _cut(checkpoints, self._end)
            if note is not None:
                checkpoint = parse_checkpoint(note.text)
                file = self.leaves(checkpoint.store)
                whole = min(checkpoint.size, file.size if file else 0)
                cut += _cut(self._leaves(checkpoint.store), whole * HASH_BYTES)
        return cut

    def fill(self, leaves: bytes, *, store: UUID, after: int) -> None:
        """Add leaf hashes that are not signed here yet. Raises FolderBusy."""
        with self._locked():
            self._check_end()
            self._add_leaves(leaves, store=store, after=after)

    def cut_leaves(self, *, store: UUID, size: int) -> None:
        """Take back what was filled in and is not signed here. Raises FolderBusy."""
        with self._locked():
            self._check_end()
            _cut(self._leaves(store), size * HASH_BYTES)

    def append(self, note: Note, leaves: bytes, *, store: UUID, size: int) -> None:
        """The leaf hashes up to `size`, then the note over them; both are on the disk on return. Raises FolderBusy."""
        with self._locked():
            self._check_end()
            self._add_leaves(leaves, store=store, after=size - len(leaves) // HASH_BYTES)
            self._end = _add(self._path / CHECKPOINTS, written(note))

    def _check_end(self) -> None:
        checkpoints = self._path / CHECKPOINTS
        end = checkpoints.stat().st_size if checkpoints.exists() else 0
        if end != self._end:
            raise FolderBusy("another notary has written to the evidence folder")

    def _add_leaves(self, leaves: bytes, *, store: UUID, after: int) -> None:
        path = self._leaves(store)
        size = path.stat().st_size if path.exists() else 0
        if size != after * HASH_BYTES:
            raise FolderBusy(f"the evidence folder has {size} bytes of hashes, where there were {after * HASH_BYTES}")
        if leaves:
            _add(path, leaves)

    def _leaves(self, store: UUID) -> Path:
        return self._path / f"leaves-{store}"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """For as long as a write takes. Whoever is frozen in the middle of one keeps it, and nobody writes over it."""
        descriptor = os.open(self._path / LOCK, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FolderBusy("another process is writing to the evidence folder") from None
            yield
        finally:
            os.close(descriptor)


def _add(path: Path, content: bytes) -> int:
    """Where the file ends then."""
    new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        end = file.tell()
    if new:
        _sync_folder(path.parent)
    return end


def _cut(path: Path, size: int) -> int:
    """How many bytes were cut off."""
    surplus = path.stat().st_size - size if path.exists() else 0
    if surplus <= 0:
        return 0
    with path.open("r+b") as file:
        file.truncate(size)
        os.fsync(file.fileno())
    return surplus


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
