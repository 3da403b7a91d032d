"""A bundle of files: the forms in which files come in, how much may come in, and the digest that identifies the whole."""

import hashlib
from collections.abc import Iterable
from functools import cached_property
from typing import Final, Literal

from msgspec import Struct

from domain.errors import Problem, SkillTooLarge
from domain.skill.events import Finding, ManifestEntry
from domain.skill.refusals import quoted

FILES_MAX: Final = 500
FILE_BYTES_MAX: Final = 25 * 1024 * 1024
BUNDLE_BYTES_MAX: Final = 50 * 1024 * 1024
# What is left out of a bundle (`.git` alone may hold thousands of files) must still be walked past.
ENTRIES_MAX: Final = 20_000


class InlineFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file inside a request: `path` relative to the skill's folder; `base64` is RFC 4648, padded, on one line."""

    path: str
    content: str
    encoding: Literal["utf-8", "base64"] = "utf-8"


class SourceFile(Struct, frozen=True, kw_only=True):
    """A file as a source brought it, before any rule; the pointers say where in the request it stands.

    `content` is None when its bytes could not be read, for which the source has a problem of its own to report.
    """

    path: str
    content: bytes | None
    path_pointer: str = "/files"
    content_pointer: str = "/files"


class BundleFile(Struct, frozen=True, kw_only=True, dict=True):
    """`path` is relative to the skill's folder; `content` are the bytes as they came."""

    path: str
    content: bytes

    @cached_property
    def sha256(self) -> str:
        """In hex; kept, since the digest, the decision and the store each ask for it."""
        return hashlib.sha256(self.content).hexdigest()


class Bundle(Struct, frozen=True, kw_only=True):
    """A version's files, sorted by their UTF-8 path, with the `digest` that identifies them."""

    name: str
    description: str
    digest: str
    files: tuple[BundleFile, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def manifest(self) -> tuple[ManifestEntry, ...]:
        return manifest_of(self.files)


def manifest_of(files: Iterable[BundleFile]) -> tuple[ManifestEntry, ...]:
    return tuple(ManifestEntry(path=file.path, sha256=file.sha256, size=len(file.content)) for file in files)


def digest_of(manifest: Iterable[ManifestEntry]) -> str:
    """Sha256 over `path NUL hex(sha256(content)) LF` for each file, sorted by UTF-8 path."""
    digest = hashlib.sha256()
    for entry in sorted(manifest, key=lambda entry: entry.path.encode()):
        digest.update(f"{entry.path}\0{entry.sha256}\n".encode())
    return f"sha256:{digest.hexdigest()}"


class Allowance:
    """What a bundle may still take: a source asks it for every entry it meets, and before it keeps a file's bytes.

    `pointer` is where the request holds the whole, for what is wrong with no one file.
    """

    def __init__(self, pointer: str = "/files") -> None:
        self._pointer = pointer
        self._entries = 0
        self._files = 0
        self._bytes = 0

    @property
    def next_file_bytes_max(self) -> int:
        """How many bytes the next file may have; a source that streams reads one more at most."""
        return min(FILE_BYTES_MAX, BUNDLE_BYTES_MAX - self._bytes)

    def meet_entry(self) -> None:
        """Raises SkillTooLarge."""
        self._entries += 1
        if self._entries > ENTRIES_MAX:
            raise too_large(
                f"There are more than {ENTRIES_MAX} entries, also counting those left out.", pointer=self._pointer
            )

    def take_file(self, size_bytes: int, *, path: str, pointer: str | None = None) -> None:
        """`pointer` is where the request holds this file, if it is a place of its own. Raises SkillTooLarge."""
        if size_bytes > FILE_BYTES_MAX:
            message = f"{quoted(path)} has more than {FILE_BYTES_MAX} bytes, the most for one file."
            raise too_large(message, pointer=pointer or self._pointer)
        if size_bytes > self.next_file_bytes_max:
            raise too_large(f"The files together have more than {BUNDLE_BYTES_MAX} bytes.", pointer=self._pointer)
        if self._files == FILES_MAX:
            raise too_large(f"There are more than {FILES_MAX} files.", pointer=self._pointer)
        self._files += 1
        self._bytes += size_bytes


def too_large(message: str, *, pointer: str) -> SkillTooLarge:
    return SkillTooLarge(message, problems=(Problem(pointer=pointer, message=message),))
