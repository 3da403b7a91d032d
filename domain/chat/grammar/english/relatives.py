"""English: clauses that only say of runs how they stand: "everything that is queued", "the runs which have failed"."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from domain.chat.grammar.english.items import Item
from domain.chat.grammar.english.words import Part

HEADS: Final = frozenset({Part.EVERYTHING, Part.ALL, Part.RUN, Part.RUNS, Part.INSTALLATIONS, Part.ANY})
OPENING: Final = frozenset({"that", "which", "that is", "that's", "thats"})
# Those that need no head: "retry what failed".
FREE: Final = frozenset({"what", "whatever"})
# Between the head and what is said of it.
WORDS_MAX: Final = 3


def without_relatives(items: Sequence[Item]) -> tuple[Item, ...]:
    """`everything queued`, `the runs failed`: the words in between are left out."""
    kept: list[Item] = []
    at = 0
    while at < len(items):
        behind = items[at + 1 : at + 2 + WORDS_MAX]
        if items[at].word in FREE and kept and kept[-1].part is Part.VERB and _is_of_runs(behind, at=_state_in(behind)):
            kept.append(replace(items[at], part=Part.EVERYTHING))
            at += 1 + _state_in(behind)
            continue
        kept.append(items[at])
        at += 1 + (_words_between(behind) if items[at].part in HEADS else 0)
    return tuple(kept)


def _state_in(items: Sequence[Item]) -> int:
    """Where the word stands that follows "is", "has been" and the like."""
    return next((at for at, item in enumerate(items) if item.part is not Part.BE), 0)


def _is_of_runs(items: Sequence[Item], *, at: int) -> bool:
    return at < len(items) and items[at].part in (Part.FAILED, Part.STATE)


def _words_between(items: Sequence[Item]) -> int:
    """How many there are in front of a word for a state, 0 if this is no such clause."""
    if not items or items[0].word not in OPENING:
        return 0
    length = 1 + _state_in(items[1:])
    return length if _is_of_runs(items, at=length) else 0
