"""The rules for a file's path inside a skill: which are left out, which are refused, and when two are the same."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from domain.errors import Problem
from domain.skill.bundle import SourceFile
from domain.skill.refusals import quoted

LEFT_OUT: Final = frozenset({".git", ".DS_Store", "__MACOSX"})
PATH_BYTES_MAX: Final = 512
SEGMENT_BYTES_MAX: Final = 255  # what file systems take
SEGMENTS_MAX: Final = 16  # twice what the strictest provider takes; its own limit is for preflight

DRIVE: Final = re.compile(r"[A-Za-z]:")


def is_left_out(path: str) -> bool:
    """Whether it is, or lies in, what tools leave behind. Nothing of it is kept, so no other rule applies to it."""
    return not LEFT_OUT.isdisjoint(path.split("/"))


def is_nested_skill_md(path: str) -> bool:
    """In any spelling, as file systems that do not tell them apart have it."""
    _, separator, name = path.rpartition("/")
    return bool(separator) and name.casefold() == "skill.md"


def normalise(path: str) -> str:
    """The same characters, composed (NFC): macOS hands out decomposed names. What is too long stays, to be refused."""
    return unicodedata.normalize("NFC", path) if len(path) <= PATH_BYTES_MAX else path


def fault_of(path: str) -> str | None:
    """Why a normalised path is refused, said so that it follows the path, or None."""
    segments = path.split("/")
    if not path:
        return "is empty"
    if len(_utf8(path[: PATH_BYTES_MAX + 1])) > PATH_BYTES_MAX:
        return f"is longer than {PATH_BYTES_MAX} bytes"
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in path):
        return "holds a control character or bytes that are not UTF-8"
    if "\\" in path:
        return "holds a backslash; folders are separated by `/`"
    if path.startswith("/") or DRIVE.match(path):
        return "is absolute; paths are relative to the skill's folder"
    if ".." in segments or "." in segments:
        return "holds a `.` or `..` segment; paths stay inside the skill's folder and are written in one way only"
    if "" in segments:
        return "holds an empty segment; it names a file, with one `/` between folders"
    if len(segments) > SEGMENTS_MAX:
        return f"is deeper than {SEGMENTS_MAX} segments"
    if any(len(_utf8(segment)) > SEGMENT_BYTES_MAX for segment in segments):
        return f"has a segment longer than {SEGMENT_BYTES_MAX} bytes"
    return None


def lay_out(files: Iterable[SourceFile]) -> tuple[tuple[SourceFile, ...], tuple[Problem, ...]]:
    """The files under normalised paths, sorted by UTF-8 path, and what is wrong with the paths of the others."""
    problems: list[Problem] = []
    taken: dict[str, SourceFile] = {}
    for file in files:
        path = normalise(file.path)
        fault = fault_of(path) or _clash(path, taken)
        if fault:
            problems.append(Problem(pointer=file.path_pointer, message=f"The path {quoted(path)} {fault}."))
        else:
            taken[_identity(path)] = replace(file, path=path)
    folders = {folder for identity in taken for folder in _folders(identity)}
    for identity in [identity for identity in taken if identity in folders]:
        file = taken.pop(identity)
        message = f"The path {quoted(file.path)} is a file, and a folder in the path of another."
        problems.append(Problem(pointer=file.path_pointer, message=message))
    return tuple(sorted(taken.values(), key=lambda file: file.path.encode())), tuple(problems)


def _clash(path: str, taken: Mapping[str, SourceFile]) -> str | None:
    other = taken.get(_identity(path))
    if other is None:
        return None
    return "is there twice" if path == other.path else f"differs from {quoted(other.path)} only in upper and lower case"


def _identity(path: str) -> str:
    """Equal for normalised paths that some file system takes for the same: Unicode's canonical caseless matching."""
    return unicodedata.normalize("NFD", path.casefold())


def _folders(path: str) -> Iterable[str]:
    segments = path.split("/")
    return ("/".join(segments[:depth]) for depth in range(1, len(segments)))


def _utf8(text: str) -> bytes:
    """Also of a lone surrogate, which is how a file name that is not UTF-8 arrives."""
    return text.encode("utf-8", "surrogatepass")
