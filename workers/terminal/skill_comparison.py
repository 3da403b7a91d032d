"""What differs between two versions of a skill, file by file and line by line."""

import difflib
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from msgspec import Struct

from domain.skill.bundle import BundleFile

# Beyond this a comparison by lines takes longer than anybody waits, and nobody would read it.
LINES_MAX: Final = 10_000
TEXT_BYTES_MAX: Final = 1_000_000
CONTEXT_LINES: Final = 3
NOTHING: Final = "/dev/null"
NO_NEWLINE: Final = "\n\\ No newline at end of file"

Kind = Literal["added", "removed", "changed"]


class Change(Struct, frozen=True, kw_only=True):
    """`before` and `after` are sizes in bytes, None where there is no such file. `diff` are the lines of a unified diff, None for
    what is not text, or too long.
    """

    kind: Kind
    path: str
    before: int | None
    after: int | None
    diff: tuple[str, ...] | None


class Comparison(Struct, frozen=True, kw_only=True):
    """`unchanged` counts the files that are the same."""

    changes: tuple[Change, ...]
    unchanged: int


def compare(before: Sequence[BundleFile], after: Sequence[BundleFile], *, names: tuple[str, str]) -> Comparison:
    """`names` are what the two are called in the diffs."""
    old, new = ({file.path: file for file in files} for files in (before, after))
    paths = sorted(old.keys() | new.keys(), key=str.encode)
    changes = tuple(
        _change(path, old.get(path), new.get(path), names=names)
        for path in paths
        if path not in old or path not in new or old[path].sha256 != new[path].sha256
    )
    return Comparison(changes=changes, unchanged=len(paths) - len(changes))


def _change(path: str, old: BundleFile | None, new: BundleFile | None, *, names: tuple[str, str]) -> Change:
    before, after = _lines(old), _lines(new)
    diff = None
    if before is not None and after is not None:
        labels = (f"{names[0]}/{path}" if old else NOTHING, f"{names[1]}/{path}" if new else NOTHING)
        diff = tuple(_unified(before, after, labels=labels))
    return Change(
        kind="added" if old is None else "removed" if new is None else "changed",
        path=path,
        before=None if old is None else len(old.content),
        after=None if new is None else len(new.content),
        diff=diff,
    )


def _lines(file: BundleFile | None) -> list[str] | None:
    """None for what is not text, or too long. Only LF ends a line, so that another line end is a difference that is seen."""
    if file is None or not file.content:
        return []
    if len(file.content) > TEXT_BYTES_MAX or b"\0" in file.content or file.content.count(b"\n") > LINES_MAX:
        return None
    try:
        *lines, last = file.content.decode().split("\n")
    except UnicodeDecodeError:
        return None
    return [*lines, last + NO_NEWLINE] if last else lines


def _unified(before: Sequence[str], after: Sequence[str], *, labels: tuple[str, str]) -> Iterator[str]:
    for line in difflib.unified_diff(before, after, *labels, n=CONTEXT_LINES, lineterm=""):
        yield from line.split("\n")
