"""What git prints of a commit: the entries of its tree, the sizes of blobs, and the blobs."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from adapters.sources.candidates import is_skill_md, no_one_skill, skill_folders
from adapters.sources.git_address import PATH_POINTER
from domain.errors import Problem
from domain.skill.bundle import Allowance
from domain.skill.paths import is_left_out
from domain.skill.refusals import invalid, quoted
from domain.skill.specification import SKILL_MD

FILE_MODES: Final = frozenset({"100644", "100755", "100664"})
LINK_MODE: Final = "120000"
SIZE_FORMAT: Final = "%(objecttype) %(objectsize)"
BLOB_FORMAT: Final = ""
RULE: Final = f"Without `path`, exactly one `{SKILL_MD}` must be in the repository"


class TreeEntry(Struct, frozen=True):
    """`path` is relative to the listed folder; bytes that are not UTF-8 stand in it as lone surrogates."""

    mode: str
    blob: str
    path: str


def read_listing(output: bytes) -> list[TreeEntry]:
    """The output of `ls-tree -r -z`, without what is left out of every bundle."""
    return [entry for entry in _entries(output) if not is_left_out(entry.path)]


def _entries(output: bytes) -> Iterator[TreeEntry]:
    for line in output.split(b"\0"):
        if line:
            facts, _, path = line.partition(b"\t")
            mode, _, blob = facts.decode("ascii").split(" ")
            yield TreeEntry(mode, blob, path.decode("utf-8", "surrogateescape"))


def only_skill(entries: Iterable[TreeEntry]) -> str:
    """The folder with the repository's one SKILL.md. Raises SkillInvalid, listing them all."""
    folders = skill_folders(entry.path for entry in entries if entry.mode in FILE_MODES)
    if len(folders) != 1:
        raise no_one_skill(folders, rule=RULE, pointer=PATH_POINTER)
    return folders[0]


def check_is_skill(entries: Iterable[TreeEntry], *, folder: str) -> None:
    """Raises SkillInvalid, listing the skills below the folder."""
    paths = [entry.path for entry in entries if entry.mode in FILE_MODES]
    if not any(map(is_skill_md, paths)):
        below = [f"{folder}/{found}" for found in skill_folders(paths)]
        raise no_one_skill(below, rule=f"`{SKILL_MD}` must be in {quoted(folder or '.')}", pointer=PATH_POINTER)


def inside(entries: Iterable[TreeEntry], folder: str) -> list[TreeEntry]:
    """The folder's entries, under paths relative to it."""
    prefix = f"{folder}/" if folder else ""
    return [
        TreeEntry(entry.mode, entry.blob, entry.path.removeprefix(prefix))
        for entry in entries
        if entry.path.startswith(prefix)
    ]


def check_entries(entries: Sequence[TreeEntry]) -> None:
    """That a skill can be made of these, before any of their bytes is asked for. Raises SkillInvalid, SkillTooLarge."""
    allowance = Allowance(PATH_POINTER)
    problems = [
        Problem(pointer=PATH_POINTER, message=f"{quoted(entry.path)} is {_kind(entry.mode)}.")
        for entry in entries
        if entry.mode not in FILE_MODES
    ]
    if problems:
        raise invalid(problems)
    for entry in entries:
        allowance.take_file(0, path=entry.path)


def read_sizes(output: bytes, *, count: int) -> list[int] | None:
    """The output of `cat-file --batch-check` with `SIZE_FORMAT`; None if one of so many is not there, or no blob."""
    facts = [line.partition(b" ") for line in output.splitlines()]
    sizes = [int(size) for kind, _, size in facts if kind == b"blob"]
    return sizes if len(sizes) == len(facts) == count else None


def check_sizes(entries: Sequence[TreeEntry], sizes: Sequence[int]) -> None:
    """Raises SkillTooLarge."""
    allowance = Allowance(PATH_POINTER)
    for entry, size in zip(entries, sizes, strict=True):
        allowance.take_file(size, path=entry.path)


def read_blobs(output: bytes, *, sizes: Sequence[int]) -> Iterator[bytes]:
    """The output of `cat-file --batch` with `BLOB_FORMAT`: an empty line, the bytes, a line feed, and again."""
    at = 0
    for size in sizes:
        yield output[at + 1 : at + 1 + size]
        at += 1 + size + 1


def _kind(mode: str) -> str:
    if mode == LINK_MODE:
        return "a symbolic link; a skill is made of files"
    return "a submodule, or no file at all; a skill is made of files"
