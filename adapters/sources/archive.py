"""A zip, read in memory: what does not belong in an archive of plain files is refused, and nothing is written to a disk."""

import io
import stat
import zipfile
import zlib
from typing import Final

from adapters.sources.archive_directory import check_directory, check_places
from adapters.sources.candidates import without_top_folder
from adapters.sources.packing import pack
from domain.errors import Problem
from domain.skill.bundle import Allowance, Bundle, SourceFile
from domain.skill.paths import fault_of, is_left_out, normalise
from domain.skill.refusals import invalid, quoted, refusal

POINTER: Final = "/archive"
RATIO_MAX: Final = 100
# Small files of blanks pack better than any limit on the ratio would allow, and do no harm.
RATIO_FREE_BYTES: Final = 1024 * 1024

ENCRYPTED: Final = 0x1 | 0x40 | 0x2000  # the entry, strongly, or its names
UTF8_NAME: Final = 0x800
METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


def read_archive(content: bytes) -> Bundle:
    """Problems point at `/archive`. Raises SkillTooLarge, SkillInvalid with every problem there is."""
    directory = check_directory(content, pointer=POINTER)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_places(archive.infolist(), memoryview(content)[:directory], pointer=POINTER)
            return _read(archive)
    except UnicodeDecodeError:
        raise refusal(POINTER, "A name in the archive says that it is UTF-8, and is not.") from None
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError) as error:
        raise refusal(POINTER, f"The archive cannot be read as a zip: {quoted(str(error))}.") from None


def _read(archive: zipfile.ZipFile) -> Bundle:
    allowance = Allowance(POINTER)
    problems: list[Problem] = []
    listed: list[tuple[zipfile.ZipInfo, str]] = []
    for entry in archive.infolist():
        name = _name(entry)
        if name is None:
            problems.append(_problem(entry.orig_filename, "is a name that is not UTF-8; pack it with UTF-8 names"))
        elif not is_left_out(name):
            fault = _fault(entry) or fault_of(normalise(name.removesuffix("/")))
            if fault:
                problems.append(_problem(name, fault))
            elif not name.endswith("/"):
                listed.append((entry, name))
    if problems:
        raise invalid(problems)
    files = []
    for entry, name in listed:
        content = _content(archive, entry, name=name, allowance=allowance)
        files.append(SourceFile(path=name, content=content, path_pointer=POINTER, content_pointer=POINTER))
    return pack(without_top_folder(files, pointer=POINTER), pointer=POINTER)


def _name(entry: zipfile.ZipInfo) -> str | None:
    """As it was written. A name without the mark of UTF-8 is UTF-8 nevertheless (macOS), or its encoding is not known."""
    if entry.flag_bits & UTF8_NAME:
        return entry.orig_filename
    try:
        return entry.orig_filename.encode("cp437").decode()
    except UnicodeDecodeError:
        return None


def _fault(entry: zipfile.ZipInfo) -> str | None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "is a symbolic link; pack the file itself, or leave it out"
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "is a pipe, a socket or a device; a skill is made of files"
    if entry.flag_bits & ENCRYPTED:
        return "is encrypted; pack it without a password"
    if entry.compress_type not in METHODS:
        return f"is compressed by method {entry.compress_type}; only deflate is taken, or none"
    return None


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, *, name: str, allowance: Allowance) -> bytes:
    """The bytes, counted while they are read: what the headers say of the size is believed for nothing."""
    try:
        with archive.open(entry) as stream:
            content = stream.read(allowance.next_file_bytes_max + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise refusal(POINTER, f"{quoted(name)} is damaged: {quoted(str(error))}.") from None
    allowance.take_file(len(content), path=name)
    if len(content) != entry.file_size:
        raise refusal(POINTER, f"{quoted(name)} has another size than the archive says.")
    if len(content) > RATIO_FREE_BYTES and len(content) > entry.compress_size * RATIO_MAX:
        raise refusal(POINTER, f"{quoted(name)} unpacks to more than {RATIO_MAX} times its size in the archive.")
    return content


def _problem(name: str, fault: str) -> Problem:
    return Problem(pointer=POINTER, message=f"{quoted(name)} {fault}.")
