"""The file of signed checkpoints: notes one after another, each followed by an empty line; the end may be torn by a crash."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from domain.evidence.note import NOTE_CHARS_MAX, Note, NoteError, parse_note

# A signature, and an empty line behind it: there a note is whole.
END: Final = re.compile(rb"\n\xe2\x80\x94 [^\n]+\n\n")
READ_BYTES: Final = 1 << 20
# Characters of a note have four bytes at most.
TAIL_BYTES: Final = 2 * 4 * NOTE_CHARS_MAX


def written(note: Note) -> bytes:
    """As it stands in the file."""
    return f"{note}\n".encode()


def read_notes(path: Path) -> Iterator[Note]:
    """Oldest first; whatever the end is torn to is left out. Raises NoteError for what is whole and no note."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    rest = b""
    with file:
        while block := file.read(READ_BYTES):
            rest += block
            begin = 0
            for found in END.finditer(rest):
                yield _note(rest[begin : found.end()])
                begin = found.end()
            rest = rest[begin:]
            if len(rest) > TAIL_BYTES:
                raise NoteError("the file of checkpoints holds something that is no signed note")


def last_note(path: Path) -> tuple[Note | None, int]:
    """The newest whole note, None without any, and where it ends: what is behind that is torn. Raises NoteError."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None, 0
    with file:
        begin = max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES)
        file.seek(begin)
        tail = file.read(TAIL_BYTES)
    ends = [found.end() for found in END.finditer(tail)]
    if not ends and begin == 0:
        return None, 0
    if not ends or (len(ends) == 1 and begin > 0):
        raise NoteError("the file of checkpoints does not end with a signed note")
    former = ends[-2] if len(ends) > 1 else 0
    return _note(tail[former : ends[-1]]), begin + ends[-1]


def _note(record: bytes) -> Note:
    try:
        return parse_note(record.decode().removesuffix("\n"))
    except UnicodeDecodeError:
        raise NoteError("the file of checkpoints holds something that is no text") from None
