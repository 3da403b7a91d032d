"""A version's files as a zip: the same files are the same bytes, wherever and whenever it is made."""

import io
import stat
import zipfile
from collections.abc import Iterable
from typing import Final

from domain.skill.bundle import BundleFile

MEDIA_TYPE: Final = "application/zip"
# The earliest that a zip can say.
NO_TIME: Final = (1980, 1, 1, 0, 0, 0)
UNIX: Final = 3
PLAIN_FILE: Final = (stat.S_IFREG | 0o644) << 16


def zip_bundle(name: str, files: Iterable[BundleFile]) -> bytes:
    """One top folder, named like the skill. Stored, not deflated: compressors differ, and with them the bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(f"{name}/{file.path}", date_time=NO_TIME)
            entry.create_system = UNIX
            entry.external_attr = PLAIN_FILE
            archive.writestr(entry, file.content)
    return buffer.getvalue()
