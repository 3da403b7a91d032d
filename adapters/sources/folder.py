"""A skill's folder on this machine, read for sending it: bounded in every dimension, and links are not followed."""

import binascii
import os
import stat
from pathlib import Path
from typing import Final

from domain.errors import Problem, SkillInvalid
from domain.skill.bundle import Allowance, InlineFile
from domain.skill.paths import fault_of, is_left_out, normalise
from domain.skill.refusals import invalid, quoted

# A link or a pipe that takes a file's place between listing and reading is neither followed nor waited for.
OPEN_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_folder(path: Path) -> tuple[InlineFile, ...]:
    """Every file in it, as text where the bytes are UTF-8 and else in base64. Raises SkillInvalid, SkillTooLarge.

    `path` itself may be a link, since a person named it.
    """
    if not path.is_dir():
        raise SkillInvalid(f"{path} is not a folder: name the folder that holds SKILL.md.")
    allowance = Allowance()
    try:
        names, problems = _list_files(path, allowance)
        if problems:
            raise invalid(problems)
        return tuple(_inline(name, _read(path / name, name=name, allowance=allowance)) for name in names)
    except OSError as error:
        raise invalid([_problem(str(error.filename or path), f"cannot be read: {error.strerror}")]) from error


def _list_files(root: Path, allowance: Allowance) -> tuple[list[str], list[Problem]]:
    names: list[str] = []
    problems: list[Problem] = []
    folders = [""]
    while folders:  # ends with the allowance of entries: no link is followed, so no folder comes twice
        folder = folders.pop()
        with os.scandir(root / folder) as entries:
            for entry in entries:
                allowance.meet_entry()
                name = folder + entry.name
                if is_left_out(name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{name}/")
                elif fault := _kind_fault(entry) or fault_of(normalise(name)):
                    problems.append(_problem(name, fault))
                else:
                    names.append(name)
    return sorted(names), problems


def _kind_fault(entry: os.DirEntry[str]) -> str | None:
    if entry.is_symlink():
        return "is a symbolic link; send the file itself, or leave it out"
    return None if entry.is_file(follow_symlinks=False) else "is a pipe, a socket or a device; a skill is made of files"


def _read(path: Path, *, name: str, allowance: Allowance) -> bytes:
    with os.fdopen(os.open(path, OPEN_FLAGS), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise invalid([_problem(name, "is not a plain file any more")])
        content = file.read(allowance.next_file_bytes_max + 1)
    allowance.take_file(len(content), path=name)
    return content


def _inline(name: str, content: bytes) -> InlineFile:
    try:
        return InlineFile(path=name, content=content.decode(), encoding="utf-8")
    except UnicodeDecodeError:
        return InlineFile(path=name, content=binascii.b2a_base64(content, newline=False).decode(), encoding="base64")


def _problem(name: str, fault: str) -> Problem:
    return Problem(pointer="/files", message=f"{quoted(name)} {fault}.")
