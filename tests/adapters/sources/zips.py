"""Zips for the tests, the well-made and the others, and what is said of them."""

import io
import struct
import zipfile

import pytest

from adapters.sources.archive import read_archive
from domain.errors import SkillInvalid
from domain.skill.bundle import Bundle

SKILL_MD = b"---\nname: a-skill\ndescription: Does it.\n---\n# Title\r\n"
LOCAL_FLAGS_AT = 6
DIRECTORY_FLAGS_AT = 8
UTF8 = 0x800


class Packing:
    """A zip in the making; `entry` puts one in as it is told, however wrong."""

    def __init__(self, **files: bytes) -> None:
        self.buffer = io.BytesIO()
        self.zip = zipfile.ZipFile(self.buffer, "w", zipfile.ZIP_DEFLATED)
        self.entry("SKILL.md", SKILL_MD)

    def entry(
        self, name: str, content: bytes = b"x", *, mode: int = 0, method: int = zipfile.ZIP_DEFLATED
    ) -> "Packing":
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        info.compress_type = method
        self.zip.writestr(info, content)
        return self

    def done(self) -> bytes:
        self.zip.close()
        return self.buffer.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def contents(bundle: Bundle) -> dict[str, bytes]:
    return {file.path: file.content for file in bundle.files}


def messages(content: bytes) -> list[str]:
    """What is wrong with the archive, all of it said of the archive."""
    with pytest.raises(SkillInvalid) as refused:
        read_archive(content)
    assert {problem.pointer for problem in refused.value.problems} == {"/archive"}
    return [problem.message for problem in refused.value.problems]


def first_headers(content: bytes, flags: int, *, name: bytes | None = None) -> bytes:
    """The archive with other flags, and perhaps another name of the same length, in both headers of its first entry."""
    changed = bytearray(content)
    start = content.index(b"PK\x01\x02")
    for at, flags_at, name_at in ((0, LOCAL_FLAGS_AT, 30), (start, DIRECTORY_FLAGS_AT, 46)):
        struct.pack_into("<H", changed, at + flags_at, flags)
        if name is not None:
            changed[at + name_at : at + name_at + len(name)] = name
    return bytes(changed)
