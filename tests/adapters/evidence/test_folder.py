"""The evidence folder: what is in it after every way in which writing can end."""

import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from adapters.evidence import checkpoint_file
from adapters.evidence.checkpoint_file import written
from adapters.evidence.folder import EvidenceFolder, FolderBusy
from adapters.evidence.signing import new_signing_key, signer_of
from domain.evidence.checkpoint import Checkpoint
from domain.evidence.merkle import HASH_BYTES
from domain.evidence.note import Note, NoteError, sign_note

STORE, LATER = UUID(int=1), UUID(int=2)
KEY = new_signing_key("waybill-test")
SIGN = signer_of(KEY.seed)


def note_over(size: int, store: UUID = STORE) -> Note:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    checkpoint = Checkpoint(origin=KEY.name, size=size, root=bytes(HASH_BYTES), store=store, at=at)
    return sign_note(str(checkpoint), KEY, SIGN)


def leaves(begin: int, end: int) -> bytes:
    return b"".join(number.to_bytes(HASH_BYTES, "big") for number in range(begin, end))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evidence"


@pytest.fixture
def folder(path: Path) -> EvidenceFolder:
    folder = EvidenceFolder(path)
    assert folder.mend() == 0
    return folder


def content(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir() if file.name != "lock"}


def test_where_nothing_was_written_there_is_nothing(path: Path) -> None:
    folder = EvidenceFolder(path)
    assert (list(folder.checkpoints()), folder.last(), folder.leaves(STORE)) == ([], None, None)
    assert not path.exists()


def test_what_was_signed_is_there_in_order(folder: EvidenceFolder, path: Path) -> None:
    notes = [note_over(3), note_over(5), note_over(6)]
    for note, hashes, size in zip(notes, (leaves(0, 3), leaves(3, 5), leaves(5, 6)), (3, 5, 6), strict=True):
        folder.append(note, hashes, store=STORE, size=size)
    assert list(folder.checkpoints()) == notes
    assert folder.last() == notes[-1]
    file = folder.leaves(STORE)
    assert file is not None
    assert (file.size, file.read(after=0, limit=99)) == (6, leaves(0, 6))
    assert file.read(after=4, limit=1) == leaves(4, 5)
    assert file.read(after=6, limit=1) == b""
    assert (path / "checkpoints").read_text() == "".join(f"{note}\n" for note in notes)


def test_only_its_owner_looks_into_it(folder: EvidenceFolder, path: Path) -> None:
    folder.append(note_over(1), leaves(0, 1), store=STORE, size=1)
    assert path.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in path.iterdir()} == {0o600}


def test_whatever_is_torn_off_the_end_is_cut_back_to_the_last_whole_checkpoint(tmp_path: Path) -> None:
    """Every length that a crash can leave of the second of two."""
    first, second = written(note_over(3)), written(note_over(5))
    for kept in range(len(second)):
        path = tmp_path / str(kept)
        path.mkdir()
        (path / "checkpoints").write_bytes(first + second[:kept])
        (path / f"leaves-{STORE}").write_bytes(leaves(0, 5) + b"torn")
        folder = EvidenceFolder(path)
        assert list(folder.checkpoints()) == [note_over(3)]
        assert folder.last() == note_over(3)
        assert folder.mend() == kept + 2 * HASH_BYTES + 4
        assert content(path) == {"checkpoints": first, f"leaves-{STORE}": leaves(0, 3)}
        folder.append(note_over(4), leaves(3, 4), store=STORE, size=4)
        assert folder.last() == note_over(4)


def test_a_first_checkpoint_that_is_torn_leaves_none(path: Path) -> None:
    path.mkdir()
    (path / "checkpoints").write_bytes(written(note_over(3))[:50])
    folder = EvidenceFolder(path)
    assert folder.last() is None
    assert folder.mend() == 50
    assert content(path) == {"checkpoints": b""}


def test_what_is_whole_is_never_cut(folder: EvidenceFolder, path: Path) -> None:
    folder.append(note_over(3), leaves(0, 3), store=STORE, size=3)
    folder.append(note_over(2, LATER), leaves(0, 2), store=LATER, size=2)
    before = content(path)
    assert EvidenceFolder(path).mend() == 0
    assert content(path) == before


def test_leaves_that_were_lost_are_not_made_up(folder: EvidenceFolder, path: Path) -> None:
    folder.append(note_over(3), leaves(0, 3), store=STORE, size=3)
    (path / f"leaves-{STORE}").write_bytes(leaves(0, 1) + b"half")
    file = folder.leaves(STORE)
    assert file is not None
    assert (file.size, file.read(after=0, limit=9)) == (1, leaves(0, 1))
    with pytest.raises(FolderBusy, match="36 bytes of hashes, where there were 96"):
        folder.append(note_over(4), leaves(3, 4), store=STORE, size=4)
    assert folder.last() == note_over(3)
    assert folder.mend() == len(b"half")
    folder.fill(leaves(1, 3), store=STORE, after=1)
    folder.append(note_over(4), leaves(3, 4), store=STORE, size=4)


def test_what_is_missing_is_filled_in_and_taken_back(folder: EvidenceFolder) -> None:
    folder.fill(leaves(0, 4), store=STORE, after=0)
    folder.fill(leaves(4, 6), store=STORE, after=4)
    folder.cut_leaves(store=STORE, size=5)
    folder.append(note_over(5), b"", store=STORE, size=5)
    file = folder.leaves(STORE)
    assert file is not None
    assert file.read(after=0, limit=9) == leaves(0, 5)
    assert folder.last() == note_over(5)


def test_whoever_was_frozen_while_another_wrote_writes_nothing(folder: EvidenceFolder, path: Path) -> None:
    folder.append(note_over(1), leaves(0, 1), store=STORE, size=1)
    other = EvidenceFolder(path)
    other.mend()
    other.append(note_over(2), leaves(1, 2), store=STORE, size=2)
    before = content(path)
    with pytest.raises(FolderBusy, match="another notary"):
        folder.append(note_over(2), leaves(1, 2), store=STORE, size=2)
    with pytest.raises(FolderBusy, match="another notary"):
        folder.fill(leaves(2, 3), store=STORE, after=2)
    with pytest.raises(FolderBusy, match="another notary"):
        folder.cut_leaves(store=STORE, size=0)
    assert content(path) == before
    folder.mend()
    folder.append(note_over(3), leaves(2, 3), store=STORE, size=3)
    assert folder.last() == note_over(3)


def test_nobody_writes_while_another_is_writing(folder: EvidenceFolder, path: Path) -> None:
    descriptor = os.open(path / "lock", os.O_WRONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    with pytest.raises(FolderBusy, match="another process is writing"):
        folder.append(note_over(1), leaves(0, 1), store=STORE, size=1)
    with pytest.raises(FolderBusy):
        EvidenceFolder(path).mend()
    os.close(descriptor)
    folder.append(note_over(1), leaves(0, 1), store=STORE, size=1)


@pytest.mark.parametrize(
    "strange",
    [
        pytest.param("something\n\n— else\n\n".encode(), id="no note"),
        pytest.param("\n\n— waybill x08gow==\n\n".encode(), id="no signature"),
        pytest.param(b"\xff\n\n\xe2\x80\x94 waybill x08gowAA\n\n", id="no text"),
    ],
)
def test_what_is_whole_and_no_note_is_said(folder: EvidenceFolder, path: Path, strange: bytes) -> None:
    folder.append(note_over(1), leaves(0, 1), store=STORE, size=1)
    checkpoints = path / "checkpoints"
    checkpoints.write_bytes(checkpoints.read_bytes() + strange)
    with pytest.raises(NoteError):
        folder.last()
    with pytest.raises(NoteError):
        folder.mend()
    notes = folder.checkpoints()
    assert next(notes) == note_over(1)
    with pytest.raises(NoteError):
        next(notes)


def test_a_file_that_holds_no_checkpoints_at_all_is_left_as_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint_file, "TAIL_BYTES", 1000)
    path.mkdir()
    (path / "checkpoints").write_bytes(b"x" * 2000)
    folder = EvidenceFolder(path)
    with pytest.raises(NoteError, match="does not end with"):
        folder.mend()
    with pytest.raises(NoteError, match="no signed note"):
        list(folder.checkpoints())
    assert (path / "checkpoints").read_bytes() == b"x" * 2000


def test_the_last_of_many_is_found_at_the_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = [note_over(size) for size in range(1, 40)]
    path.mkdir()
    (path / "checkpoints").write_bytes(b"".join(map(written, notes)) + b"torn")
    for tail in range(2 * len(written(notes[-1])) + 5, 2000, 7):
        monkeypatch.setattr(checkpoint_file, "TAIL_BYTES", tail)
        assert EvidenceFolder(path).last() == notes[-1]
    monkeypatch.setattr(checkpoint_file, "TAIL_BYTES", len(written(notes[-1])) + 20)
    with pytest.raises(NoteError, match="does not end with"):
        EvidenceFolder(path).last()
    monkeypatch.setattr(checkpoint_file, "TAIL_BYTES", 1000)
    assert EvidenceFolder(path).mend() == len(b"torn")
    for block in (1, 7, 100, 1000):
        monkeypatch.setattr(checkpoint_file, "READ_BYTES", block)
        assert list(EvidenceFolder(path).checkpoints()) == notes
