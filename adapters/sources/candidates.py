"""Finds the skill's folder among the paths of an upload or a repository, or says where a SKILL.md was found instead."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from domain.errors import Problem, SkillInvalid
from domain.skill.bundle import SourceFile
from domain.skill.refusals import quoted
from domain.skill.specification import SKILL_MD

CANDIDATES_MAX: Final = 50


def without_top_folder(files: Sequence[SourceFile], *, pointer: str) -> tuple[SourceFile, ...]:
    """The files under paths relative to the skill's folder: the root, or the one folder that everything lies in.

    `pointer` is where the request holds them all. Raises SkillInvalid.
    """
    if any(is_skill_md(file.path) for file in files):
        return tuple(files)
    top = files[0].path.partition("/")[0] + "/" if files else ""
    inside = [file.path.removeprefix(top) for file in files if file.path.startswith(top)]
    if len(inside) == len(files) and any(map(is_skill_md, inside)):
        return tuple(replace(file, path=path) for file, path in zip(files, inside, strict=True))
    rule = f"`{SKILL_MD}` must be at the root, or in the one folder that everything lies in"
    raise no_one_skill(skill_folders(file.path for file in files), rule=rule, pointer=pointer)


def skill_folders(paths: Iterable[str]) -> list[str]:
    """Those that hold a SKILL.md, the root as an empty text."""
    found = (path.rpartition("/") for path in paths)
    return sorted(folder for folder, _, name in found if name == SKILL_MD)


def is_skill_md(path: str) -> bool:
    """In any spelling: the wrong one is refused where all that is wrong with a bundle is said."""
    return path.casefold() == SKILL_MD.casefold()


def no_one_skill(folders: Sequence[str], *, rule: str, pointer: str) -> SkillInvalid:
    """`rule` says where the one SKILL.md is looked for, `folders` where others were found."""
    found = (
        f"it is in {len(folders)} folders" if len(folders) > 1 else "it is elsewhere" if folders else "there is none"
    )
    detail = f"{rule}; {found}."
    messages = [f"There is a `{SKILL_MD}` in {quoted(folder or '.')}." for folder in folders[:CANDIDATES_MAX]]
    if len(folders) > CANDIDATES_MAX:
        messages.append(f"There is one in {len(folders) - CANDIDATES_MAX} further folders.")
    problems = tuple(Problem(pointer=pointer, message=message) for message in (detail, *messages))
    return SkillInvalid(detail, problems=problems)
