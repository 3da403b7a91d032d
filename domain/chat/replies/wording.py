"""What is put into an answer, whichever language it is in: words of people made harmless, times, and how much of a list."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

QUOTED_CHARS_MAX: Final = 60
NAME_CHARS_MAX: Final = 64
LINES_MAX: Final = 20
ELLIPSIS: Final = "…"
# What a console, a chat program or a page of Markdown would obey, as the letter that looks like it and does nothing.
LOOKALIKES: Final = str.maketrans({char: chr(ord(char) + 0xFEE0) for char in "<>&*`[]|~\\"})

Item = TypeVar("Item")


def harmless(text: str, *, chars_max: int = NAME_CHARS_MAX) -> str:
    """One line of it that steers no terminal and marks nothing up, cut where it gets too long."""
    line = "".join(char for char in " ".join(text.split()) if char.isprintable()).translate(LOOKALIKES)
    return line if len(line) <= chars_max else line[: chars_max - 1] + ELLIPSIS


def quoted(text: str) -> str:
    """As somebody said it, so that it cannot be taken for what we say."""
    return f"“{harmless(text, chars_max=QUOTED_CHARS_MAX).translate(QUOTES)}”"


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def listed(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def joined(*parts: str) -> str:
    """Below each other, those that say something."""
    return "\n".join(part for part in parts if part)


def shown(items: Sequence[Item]) -> tuple[Sequence[Item], int]:
    """As many as are read, and how many are left out."""
    return items[:LINES_MAX], max(len(items) - LINES_MAX, 0)


QUOTES: Final = str.maketrans({"“": "'", "”": "'", '"': "'"})
