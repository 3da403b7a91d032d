"""What differs between two versions, as people and `patch` read it."""

import subprocess
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from domain.skill.bundle import BundleFile
from tests.adapters.sources.repositories import GIT
from workers.terminal.skill_comparison import LINES_MAX, TEXT_BYTES_MAX, Change, compare

NAMES = ("v1", "v2")


def files(**contents: bytes) -> tuple[BundleFile, ...]:
    return tuple(BundleFile(path=path, content=content) for path, content in contents.items())


def only_change(before: bytes, after: bytes) -> Change:
    (change,) = compare(files(a=before), files(a=after), names=NAMES).changes
    return change


def test_files_are_added_removed_and_changed_in_the_order_of_their_paths() -> None:
    found = compare(files(b=b"1\n", c=b"1\n", d=b"same"), files(a=b"1\n2\n", c=b"2\n", d=b"same"), names=NAMES)
    assert [(change.kind, change.path, change.before, change.after) for change in found.changes] == [
        ("added", "a", None, 4),
        ("removed", "b", 2, None),
        ("changed", "c", 2, 2),
    ]
    assert found.unchanged == 1


def test_a_change_of_text_is_a_unified_diff() -> None:
    change = only_change(b"one\ntwo\nthree\n", b"one\n2\nthree\n")
    assert change.diff == ("--- v1/a", "+++ v2/a", "@@ -1,3 +1,3 @@", " one", "-two", "+2", " three")


def test_a_new_file_and_one_that_is_gone_are_against_nothing() -> None:
    (change,) = compare((), files(a=b"one\n"), names=NAMES).changes
    assert change.diff == ("--- /dev/null", "+++ v2/a", "@@ -0,0 +1 @@", "+one")
    (change,) = compare(files(a=b"one\n"), (), names=NAMES).changes
    assert change.diff == ("--- v1/a", "+++ /dev/null", "@@ -1 +0,0 @@", "-one")


def test_another_line_end_is_a_difference() -> None:
    assert only_change(b"one\n", b"one\r\n").diff is not None
    assert only_change(b"one\n", b"one").diff == (
        *("--- v1/a", "+++ v2/a", "@@ -1 +1 @@", "-one", "+one"),
        "\\ No newline at end of file",
    )


def test_what_is_no_text_has_sizes_only() -> None:
    for content in (b"\0", b"\xff\xfe", b"x" * (TEXT_BYTES_MAX + 1), b"\n" * (LINES_MAX + 1)):
        change = only_change(b"text", content)
        assert (change.diff, change.before, change.after) == (None, 4, len(content))


def test_the_longest_texts_are_compared_in_a_moment() -> None:
    """Lines that repeat, and none in the same place, are the worst that a comparison can meet."""
    before = "".join(f"line {number % 97}\n" for number in range(LINES_MAX)).encode()
    after = "".join(f"line {number % 89}\n" for number in range(LINES_MAX)).encode()
    began = time.monotonic()
    assert only_change(before, after).diff is not None
    assert time.monotonic() - began < 20


TEXTS = st.lists(st.sampled_from(["a", "b", "", "가", "\r", "-- x", "++ y", "\\ z"]), max_size=8).map("\n".join)


@given(TEXTS, TEXTS)
def test_a_diff_leads_from_one_text_to_the_other(before: str, after: str) -> None:
    """Undone by hand: what it takes away was there, what it keeps is in both, in this order."""
    found = compare(files(a=before.encode()), files(a=after.encode()), names=NAMES).changes
    assert bool(found) is (before != after)
    for change in found:
        assert change.diff is not None
        lines = change.diff[2:]
        taken = sum(line.startswith("-") for line in lines)
        given_ = sum(line.startswith("+") for line in lines)
        assert given_ - taken == _count(after) - _count(before)


def test_patch_takes_a_diff(tmp_path: Path) -> None:
    before, after = b"one\ntwo\nthree\nfour\nfive", b"zero\none\nthree\nfour\r\nfive\n"
    (tmp_path / "a").write_bytes(before)
    diff = only_change(before, after).diff
    assert diff is not None
    text = "\n".join(diff).encode() + b"\n"
    subprocess.run([GIT, "apply", "--unsafe-paths", "-p1", "-"], input=text, cwd=tmp_path, check=True)
    assert (tmp_path / "a").read_bytes() == after


def _count(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n") and bool(text))
