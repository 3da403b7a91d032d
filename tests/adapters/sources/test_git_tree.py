import pytest

from adapters.sources.git_tree import TreeEntry, check_entries, read_blobs, read_listing, read_sizes
from domain.errors import SkillInvalid
from domain.skill.refusals import PROBLEMS_MAX

OID = "0" * 40


def test_a_listing_is_read_with_any_name() -> None:
    lines = (b"100644 blob %s\ta b\n\xea\xb0\x80", b"100755 blob %s\tx\ty", b"120000 blob %s\t\xff")
    output = b"".join(line % OID.encode() + b"\x00" for line in lines)
    assert read_listing(output) == [
        TreeEntry("100644", OID, "a b\n가"),
        TreeEntry("100755", OID, "x\ty"),
        TreeEntry("120000", OID, "\udcff"),
    ]
    assert read_listing(b"") == []


def test_what_tools_leave_behind_is_not_even_listed() -> None:
    output = "".join(f"160000 commit {OID}\t{path}\0" for path in (".git/a", "a/.DS_Store", "__MACOSX/b", "c"))
    assert [entry.path for entry in read_listing(output.encode())] == ["c"]


@pytest.mark.parametrize("output", [b"blob 1\n", b"blob 1\n" + OID.encode() + b" missing\n", b"blob 1\ntree 2\n", b""])
def test_sizes_are_those_of_every_blob_or_none(output: bytes) -> None:
    assert read_sizes(output, count=2) is None
    assert read_sizes(b"blob 1\nblob 22\n", count=2) == [1, 22]


def test_blobs_are_cut_by_their_sizes_and_not_by_what_they_hold() -> None:
    contents = [b"", b"\n\n", b"blob 3\n", bytes(range(256))]
    output = b"".join(b"\n" + content + b"\n" for content in contents)
    assert list(read_blobs(output, sizes=[len(content) for content in contents])) == contents


def test_no_number_of_links_makes_an_answer_too_long() -> None:
    with pytest.raises(SkillInvalid) as refused:
        check_entries([TreeEntry("120000", OID, str(number)) for number in range(1000)])
    assert len(refused.value.problems) == PROBLEMS_MAX
    assert {problem.pointer.rpartition("/")[0] for problem in refused.value.problems} <= {"/git", ""}
