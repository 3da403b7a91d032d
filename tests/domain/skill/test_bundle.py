import hashlib
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Code, SkillTooLarge
from domain.skill.bundle import (
    BUNDLE_BYTES_MAX,
    ENTRIES_MAX,
    FILE_BYTES_MAX,
    FILES_MAX,
    Allowance,
    Bundle,
    BundleFile,
    InlineFile,
    digest_of,
    manifest_of,
)

contents = st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), min_size=1), st.binary())


def manifest(files: dict[str, bytes]) -> tuple[BundleFile, ...]:
    return tuple(BundleFile(path=path, content=content) for path, content in files.items())


def test_the_digest_is_the_one_that_the_design_writes_down() -> None:
    files = {"SKILL.md": b"---\n", "scripts/a.py": b"", "\U0001f600.md": b"1", "\uff41.md": b"2"}
    # UTF-8 order: U+FF41 stands before U+1F600, which UTF-16 would turn round.
    order = ["SKILL.md", "scripts/a.py", "\uff41.md", "\U0001f600.md"]
    lines = b"".join(path.encode() + b"\0" + hashlib.sha256(files[path]).hexdigest().encode() + b"\n" for path in order)
    assert digest_of(manifest_of(manifest(files))) == "sha256:" + hashlib.sha256(lines).hexdigest()


def test_the_digest_of_one_known_file() -> None:
    entries = manifest_of([BundleFile(path="SKILL.md", content=b"hello\n")])
    assert entries[0].sha256 == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
    assert digest_of(entries) == "sha256:c9a89a84ba57e7d9f7da6fce928f625d9d5705f00cfdb8aa6117dbd8d6d9122a"


@settings(deadline=None)
@given(contents, st.randoms(use_true_random=False))
def test_the_order_of_files_does_not_matter(files: dict[str, bytes], random: Random) -> None:
    shuffled = list(manifest(files))
    random.shuffle(shuffled)
    assert digest_of(manifest_of(shuffled)) == digest_of(manifest_of(manifest(files)))


@settings(deadline=None)
@given(contents, contents)
def test_other_files_have_another_digest(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    same_digest = digest_of(manifest_of(manifest(one))) == digest_of(manifest_of(manifest(other)))
    assert same_digest == (one == other)


def test_a_bundle_lists_its_files() -> None:
    files = manifest({"SKILL.md": b"hello\n"})
    bundle = Bundle(name="a", description="b", digest="sha256:", files=files)
    assert [(entry.path, entry.size, entry.sha256) for entry in bundle.manifest] == [("SKILL.md", 6, files[0].sha256)]


def test_an_inline_file_takes_no_other_field_and_no_other_encoding() -> None:
    file = msgspec.json.decode(b'{"path": "a", "content": "b"}', type=InlineFile)
    assert file == InlineFile(path="a", content="b", encoding="utf-8")
    for refused in (b'{"path": "a", "content": "b", "mode": 1}', b'{"path": "a", "content": "b", "encoding": "hex"}'):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(refused, type=InlineFile)


def test_one_file_may_be_as_large_as_the_limit_and_no_larger() -> None:
    Allowance().take_file(FILE_BYTES_MAX, path="a")
    with pytest.raises(SkillTooLarge) as refused:
        Allowance().take_file(FILE_BYTES_MAX + 1, path="a", pointer="/files/3/content")
    assert refused.value.code == Code.TOO_LARGE_SKILL
    assert [problem.pointer for problem in refused.value.problems] == ["/files/3/content"]


def test_the_files_together_may_be_as_large_as_the_limit_and_no_larger() -> None:
    allowance = Allowance()
    for path in range(BUNDLE_BYTES_MAX // FILE_BYTES_MAX):
        assert allowance.next_file_bytes_max == FILE_BYTES_MAX
        allowance.take_file(FILE_BYTES_MAX, path=str(path))
    assert allowance.next_file_bytes_max == 0
    allowance.take_file(0, path="empty")
    with pytest.raises(SkillTooLarge, match="together"):
        allowance.take_file(1, path="last")


def test_there_may_be_as_many_files_as_the_limit_and_no_more() -> None:
    allowance = Allowance()
    for path in range(FILES_MAX):
        allowance.take_file(1, path=str(path))
    with pytest.raises(SkillTooLarge, match=f"more than {FILES_MAX} files"):
        allowance.take_file(1, path="last")


def test_there_may_be_only_so_many_entries_to_walk_past() -> None:
    allowance = Allowance()
    for _ in range(ENTRIES_MAX):
        allowance.meet_entry()
    with pytest.raises(SkillTooLarge, match="entries"):
        allowance.meet_entry()


def test_what_is_wrong_with_the_whole_is_said_where_the_request_has_it() -> None:
    for size_bytes, pointer in ((FILE_BYTES_MAX + 1, None), (FILE_BYTES_MAX + 1, "/archive/1")):
        with pytest.raises(SkillTooLarge) as refused:
            Allowance("/archive").take_file(size_bytes, path="a", pointer=pointer)
        assert [problem.pointer for problem in refused.value.problems] == [pointer or "/archive"]
    full = Allowance("/archive")
    for path in range(FILES_MAX):
        full.take_file(0, path=str(path))
    with pytest.raises(SkillTooLarge) as refused:
        full.take_file(0, path="last")
    assert [problem.pointer for problem in refused.value.problems] == ["/archive"]
