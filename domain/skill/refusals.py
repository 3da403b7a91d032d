"""How a bundle is refused: every problem in one answer, bounded, quoting what was sent without passing on what it hides."""

from collections.abc import Sequence
from typing import Final

from domain.errors import Problem, SkillInvalid

PROBLEMS_MAX: Final = 100
QUOTED_CHARACTERS_MAX: Final = 80


def invalid(problems: Sequence[Problem]) -> SkillInvalid:
    """One exception for all problems; its detail holds the first, for those who see nothing else."""
    others = len(problems) - 1
    more = f" (and {others} more)" if others else ""
    shown = tuple(problems[:PROBLEMS_MAX])
    if len(problems) > PROBLEMS_MAX:
        left = len(problems) - PROBLEMS_MAX + 1
        source = "/".join(problems[0].pointer.split("/")[:2])
        shown = (*shown[:-1], Problem(pointer=source, message=f"{left} further problems are not listed."))
    detail = f"The bundle does not follow the Agent Skills specification: {problems[0].message}{more}"
    return SkillInvalid(detail, problems=shown)


def refusal(pointer: str, *messages: str) -> SkillInvalid:
    """What one step of the reading has against one place; `invalid` joins it with what others have."""
    return SkillInvalid(messages[0], problems=tuple(Problem(pointer=pointer, message=message) for message in messages))


def quoted(text: str) -> str:
    """The text between backquotes, shortened; what does not print (controls, bidi overrides) is shown as its escape."""
    shown = text[:QUOTED_CHARACTERS_MAX] + ("..." if len(text) > QUOTED_CHARACTERS_MAX else "")
    return "`" + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown) + "`"
