"""The digest of a skill as a provider gives it back, as a zip, to tell whether the bytes are ours."""

import hashlib
import io
import unicodedata
import zipfile
import zlib
from typing import Final

from domain.skill.bundle import BUNDLE_BYTES_MAX, FILE_BYTES_MAX, FILES_MAX, digest_of
from domain.skill.events import ManifestEntry

SKILL_MD: Final = "SKILL.md"
# What zipfile raises, between them, for bytes that are no zip or a broken one.
UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
)


class ArchiveUnreadable(Exception):  # noqa: N818 - it reads as a fact
    """The bytes are not a zip that can be read, so nothing can be said about what is in it."""


def digest_of_archive(archive: bytes) -> str | None:
    """The digest over paths relative to the folder of SKILL.md, which is the root or the one top folder; None for what no
    bundle of ours can be. Raises ArchiveUnreadable.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive), metadata_encoding="utf-8") as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            sizes = [entry.file_size for entry in entries]
            if len(sizes) > FILES_MAX or sum(sizes) > BUNDLE_BYTES_MAX or max(sizes, default=0) > FILE_BYTES_MAX:
                return None
            folder = _folder_of([entry.filename for entry in entries])
            return None if folder is None else digest_of(_entry(opened, entry, folder) for entry in entries)
    except UNREADABLE as error:
        raise ArchiveUnreadable("The downloaded archive cannot be read.") from error


def _folder_of(paths: list[str]) -> str | None:
    """What stands before the paths of a bundle. Providers do not say whether they keep the folder that was uploaded."""
    if SKILL_MD in paths:
        return ""
    folders = {path.partition("/")[0] for path in paths}
    return f"{folders.pop()}/" if len(folders) == 1 else None


def _entry(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: str) -> ManifestEntry:
    """`ZipFile.read` gives no more than the size that the entry states, which was checked before."""
    content = opened.read(entry)
    path = unicodedata.normalize("NFC", entry.filename.removeprefix(folder))
    return ManifestEntry(path=path, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
