"""The frame of a zip, checked before it is opened: one directory at the very end, and entries that do not share bytes.

Readers differ in what they make of anything else, so that one shows a reviewer what another does not install; and the
standard library's would build an object for each of a million entries before anyone could count them.
"""

import struct
from collections.abc import Sequence
from typing import Final
from zipfile import ZipInfo

from domain.skill.bundle import ENTRIES_MAX, too_large
from domain.skill.refusals import quoted, refusal

END: Final = struct.Struct("<4s4H2LH")
END_MARK: Final = b"PK\x05\x06"
ZIP64_LOCATOR_MARK: Final = b"PK\x06\x07"
ZIP64_LOCATOR_BYTES: Final = 20
ENTRY: Final = struct.Struct("<4s24x3H12x")
ENTRY_MARK: Final = b"PK\x01\x02"
LOCAL: Final = struct.Struct("<4s22x2H")
LOCAL_MARK: Final = b"PK\x03\x04"
COMMENT_BYTES_MAX: Final = 0xFFFF


def check_directory(content: bytes, *, pointer: str) -> int:
    """Where the directory starts. Raises SkillInvalid, SkillTooLarge."""
    end = content.rfind(END_MARK, max(0, len(content) - END.size - COMMENT_BYTES_MAX))
    if end < 0 or end + END.size > len(content):
        raise refusal(pointer, "This is not a zip, or its end is missing.")
    frame: tuple[bytes, int, int, int, int, int, int, int] = END.unpack_from(content, end)
    _, disk, first_disk, count_here, count, size, start, comment_bytes = frame
    if content[max(0, end - ZIP64_LOCATOR_BYTES) :].startswith(ZIP64_LOCATOR_MARK):
        raise refusal(pointer, "The archive is in the zip64 form, which nothing of a skill's size needs.")
    if disk or first_disk or count != count_here:
        raise refusal(pointer, "The archive is one of several parts.")
    if end + END.size + comment_bytes != len(content) or start + size != end:
        raise refusal(pointer, "There are bytes before, between or behind the parts of the archive.")
    if count > ENTRIES_MAX:
        raise too_large(f"There are more than {ENTRIES_MAX} entries in the archive.", pointer=pointer)
    if _end_of_entries(content[start:end], count) != size:
        raise refusal(pointer, "The archive's directory does not hold as many entries as it says.")
    return start


def _end_of_entries(directory: bytes, count: int) -> int:
    at = 0
    for _ in range(count):
        if at + ENTRY.size > len(directory) or directory[at : at + len(ENTRY_MARK)] != ENTRY_MARK:
            return -1
        _, name_bytes, extra_bytes, note_bytes = ENTRY.unpack_from(directory, at)
        at += ENTRY.size + name_bytes + extra_bytes + note_bytes
    return at


def check_places(entries: Sequence[ZipInfo], content: memoryview, *, pointer: str) -> None:
    """That every entry has bytes of its own: a bomb of the modern kind lets them overlap. `content` ends before the directory.

    Raises SkillInvalid.
    """
    taken = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        at = entry.header_offset
        if at < taken or at + LOCAL.size > len(content) or bytes(content[at : at + len(LOCAL_MARK)]) != LOCAL_MARK:
            raise refusal(pointer, f"{quoted(entry.orig_filename)} is not where the archive says, or lies in another.")
        _, name_bytes, extra_bytes = LOCAL.unpack_from(content, at)
        taken = at + LOCAL.size + name_bytes + extra_bytes + entry.compress_size
    if taken > len(content):
        raise refusal(pointer, "An entry of the archive reaches beyond its end.")
