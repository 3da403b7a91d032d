"""Archives whose frame lies: about sizes, places, counts, what is in them and what is around them."""

import struct
import tracemalloc
import zipfile

import pytest

from adapters.sources.archive import RATIO_FREE_BYTES, read_archive
from domain.errors import SkillTooLarge
from domain.skill.bundle import ENTRIES_MAX, FILE_BYTES_MAX, FILES_MAX
from tests.adapters.sources.zips import SKILL_MD, Packing, contents, messages, zipped


def test_damaged_bytes_are_refused() -> None:
    content = bytearray(Packing().entry("a.md", b"hello", method=zipfile.ZIP_STORED).done())
    content[content.index(b"hello")] ^= 1
    (message,) = messages(bytes(content))
    assert message.startswith("`a.md` is damaged: ")


def test_too_large_a_file_is_refused_whatever_its_header_says() -> None:
    content = bytearray(zipped({"a.md": bytes(FILE_BYTES_MAX + 1), "SKILL.md": SKILL_MD}))
    with pytest.raises(SkillTooLarge, match=r"`a\.md` has more than") as refused:
        read_archive(bytes(content))
    assert [problem.pointer for problem in refused.value.problems] == ["/archive"]
    directory = content.index(b"PK\x01\x02")
    struct.pack_into("<L", content, directory + 24, 10)
    (message,) = messages(bytes(content))
    assert "`a.md` is damaged" in message


def test_no_more_is_unpacked_than_may_come_in() -> None:
    bomb = zipped({"zeros": bytes(FILE_BYTES_MAX * 6), "SKILL.md": SKILL_MD})
    tracemalloc.start()
    try:
        with pytest.raises(SkillTooLarge, match="`zeros` has more than"):
            read_archive(bomb)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < FILE_BYTES_MAX * 3


def test_a_size_that_is_told_too_large_is_refused() -> None:
    content = bytearray(zipped({"a.md": b"x" * 100, "SKILL.md": SKILL_MD}))
    struct.pack_into("<L", content, content.index(b"PK\x01\x02") + 24, 1000)
    (message,) = messages(bytes(content))
    assert message == "`a.md` has another size than the archive says."


def test_a_bomb_is_refused_by_its_ratio_and_blanks_are_not() -> None:
    assert "a.md" in contents(read_archive(zipped({"a.md": bytes(RATIO_FREE_BYTES), "SKILL.md": SKILL_MD})))
    (message,) = messages(zipped({"a.md": bytes(RATIO_FREE_BYTES + 1), "SKILL.md": SKILL_MD}))
    assert message == "`a.md` unpacks to more than 100 times its size in the archive."


def test_entries_that_share_their_bytes_are_refused() -> None:
    """As the bomb of David Fifield does: many entries of the directory over one piece of data."""
    content = bytearray(zipped({"a.md": b"x" * 1000, "b.md": b"y" * 1000, "SKILL.md": SKILL_MD}))
    second = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 4)
    struct.pack_into("<L", content, second + 42, 0)
    assert messages(bytes(content)) == ["`b.md` is not where the archive says, or lies in another."]


def test_an_entry_over_the_directory_is_refused() -> None:
    content = bytearray(zipped({"SKILL.md": SKILL_MD}))
    struct.pack_into("<L", content, content.index(b"PK\x01\x02") + 20, len(SKILL_MD) + 200)
    assert messages(bytes(content)) == ["An entry of the archive reaches beyond its end."]


@pytest.mark.parametrize(
    "changed",
    [
        lambda content: b"#!/bin/sh\n" + content,
        lambda content: content + b"more",
        lambda content: content + zipped({"SKILL.md": SKILL_MD}),
    ],
)
def test_bytes_that_only_some_readers_see_are_refused(changed: "type[bytes]") -> None:
    assert messages(changed(zipped({"SKILL.md": SKILL_MD}))) == [
        "There are bytes before, between or behind the parts of the archive."
    ]


def test_a_comment_is_no_matter() -> None:
    packing = Packing()
    packing.zip.comment = b"made by a test"
    assert read_archive(packing.done()).name == "a-skill"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_directory_with_another_count_is_refused(count: int) -> None:
    content = bytearray(zipped({"SKILL.md": SKILL_MD, "a.md": b""}))
    end = content.index(b"PK\x05\x06")
    struct.pack_into("<2H", content, end + 8, count, count)
    assert messages(bytes(content)) == ["The archive's directory does not hold as many entries as it says."]


def test_a_part_of_several_is_refused() -> None:
    content = bytearray(zipped({"SKILL.md": SKILL_MD}))
    struct.pack_into("<H", content, content.index(b"PK\x05\x06") + 4, 1)
    assert messages(bytes(content)) == ["The archive is one of several parts."]


def test_zip64_is_refused() -> None:
    content = zipped({"SKILL.md": SKILL_MD})
    end = content.index(b"PK\x05\x06")
    locator = b"PK\x06\x07" + bytes(16)
    assert messages(content[:end] + locator + content[end:]) == [
        "The archive is in the zip64 form, which nothing of a skill's size needs."
    ]


def test_too_many_entries_are_refused_before_they_are_opened() -> None:
    content = bytearray(zipped({"SKILL.md": SKILL_MD}))
    struct.pack_into("<2H", content, content.index(b"PK\x05\x06") + 8, ENTRIES_MAX + 1, ENTRIES_MAX + 1)
    with pytest.raises(SkillTooLarge, match="entries"):
        read_archive(bytes(content))


def test_too_many_files_are_refused() -> None:
    with pytest.raises(SkillTooLarge, match=f"more than {FILES_MAX} files"):
        read_archive(zipped({"SKILL.md": SKILL_MD, **{f"{number}.md": b"" for number in range(FILES_MAX)}}))
