"""The rules for a bundle of files: paths, limits, the digest, and what the Agent Skills specification asks of SKILL.md."""

import hashlib
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from domain.skill.events import Finding, ManifestEntry

FILES_MAX: Final = 500
FILE_BYTES_MAX: Final = 25 * 1024 * 1024
BUNDLE_BYTES_MAX: Final = 50 * 1024 * 1024


class BundleFile(Struct, frozen=True, kw_only=True):
    """`path` is relative to the skill's folder; `content` are the bytes as they came."""

    path: str
    content: bytes


class Bundle(Struct, frozen=True, kw_only=True):
    """A version's files, sorted by their UTF-8 path, with the `digest` that identifies them."""

    name: str
    description: str
    digest: str
    files: tuple[BundleFile, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def manifest(self) -> tuple[ManifestEntry, ...]:
        return tuple(
            ManifestEntry(path=file.path, sha256=hashlib.sha256(file.content).hexdigest(), size=len(file.content))
            for file in self.files
        )


def digest_of(manifest: Iterable[ManifestEntry]) -> str:
    """Sha256 over `path NUL hex(sha256(content)) LF` for each file, sorted by UTF-8 path."""
    digest = hashlib.sha256()
    for entry in sorted(manifest, key=lambda entry: entry.path.encode()):
        digest.update(f"{entry.path}\0{entry.sha256}\n".encode())
    return f"sha256:{digest.hexdigest()}"
