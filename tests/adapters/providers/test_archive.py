"""The digest of a downloaded zip equals that of the bundle, and what cannot be ours is told from what cannot be read."""

import io
import unicodedata
import zipfile

import pytest

from adapters.providers import archive
from adapters.providers.archive import ArchiveUnreadable, digest_of_archive
from tests.adapters.providers.zipping import zip_of, zip_with
from tests.kit.providing import bundle_of

BUNDLE = bundle_of()
CONTENTS = {f"skill/{file.path}": file.content for file in BUNDLE.files}


def test_the_digest_is_that_of_the_bundle() -> None:
    assert digest_of_archive(zip_of(BUNDLE)) == BUNDLE.digest
    assert digest_of_archive(zip_with(CONTENTS, zipfile.ZIP_STORED)) == BUNDLE.digest


def test_neither_the_order_nor_folders_nor_the_form_of_letters_matter() -> None:
    folders = {"skill/": b"", "skill/references/": b""}
    turned = {unicodedata.normalize("NFD", path): CONTENTS[path] for path in reversed(CONTENTS)}
    assert digest_of_archive(zip_with(folders | turned)) == BUNDLE.digest


def test_the_folder_may_be_left_out() -> None:
    assert digest_of_archive(zip_with({file.path: file.content for file in BUNDLE.files})) == BUNDLE.digest


def test_names_without_the_utf8_mark_are_read_as_utf8() -> None:
    packed = bytearray(zip_with(CONTENTS))
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        entry = next(entry for entry in opened.infolist() if not entry.filename.isascii())
    for signature, offset in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        name = entry.filename.encode()
        start = packed.rindex(signature, 0, packed.index(name) if offset == 7 else packed.rindex(name))
        assert packed[start + offset] & 0x08
        packed[start + offset] &= ~0x08
    assert digest_of_archive(bytes(packed)) == BUNDLE.digest


@pytest.mark.parametrize("change", ["changed", "renamed", "missing", "more"])
def test_every_difference_is_one(change: str) -> None:
    path, content = next(iter(CONTENTS.items()))
    others = {other: CONTENTS[other] for other in CONTENTS if other != path}
    changed = {
        "changed": {**others, path: content + b" "},
        "renamed": {**others, f"{path}x": content},
        "missing": others,
        "more": {**CONTENTS, "skill/more": b""},
    }[change]
    assert digest_of_archive(zip_with(changed)) not in {None, BUNDLE.digest}


@pytest.mark.parametrize(
    "contents", [{}, {"README.md": b"", "skill/SKILL.md": b""}, {"a/SKILL.md": b"", "b/SKILL.md": b""}]
)
def test_what_is_not_one_folder_is_not_ours(contents: dict[str, bytes]) -> None:
    assert digest_of_archive(zip_with(contents)) is None


@pytest.mark.parametrize(("limit", "value"), [("FILES_MAX", 3), ("FILE_BYTES_MAX", 255), ("BUNDLE_BYTES_MAX", 300)])
def test_what_is_over_a_limit_is_not_unpacked(monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    monkeypatch.setattr(archive, limit, value)
    assert digest_of_archive(zip_with(CONTENTS)) is None


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_half_a_zip_cannot_be_read(cut: int) -> None:
    with pytest.raises(ArchiveUnreadable):
        digest_of_archive(zip_with(CONTENTS)[:cut])


def test_damaged_content_cannot_be_read() -> None:
    packed = bytearray(zip_with(CONTENTS, zipfile.ZIP_STORED))
    packed[packed.index(b"Fetches results")] ^= 1
    with pytest.raises(ArchiveUnreadable):
        digest_of_archive(bytes(packed))
