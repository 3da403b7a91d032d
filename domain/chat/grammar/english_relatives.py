"""English: clauses that only say of runs how they stand: "everything that is queued", "the runs which have failed"."""

from collections.abc import Sequence
from typing import Final

from domain.chat.grammar.english_items import Item
from domain.chat.grammar.english_words import Part

HEADS: Final = frozenset({Part.EVERYTHING, Part.ALL, Part.RUN, Part.RUNS, Part.INSTALLATIONS, Part.ANY})
OPENING: Final = frozenset({"that", "which", "that is", "that's", "thats"})
# Between the head and what is said of it.
WORDS_MAX: Final = 3


def without_relatives(items: Sequence[Item]) -> tuple[Item, ...]:
    """`everything queued`, `the runs failed`: the words in between are left out."""
    kept: list[Item] = []
    at = 0
    while at < len(items):
        kept.append(items[at])
        at += 1 + (_words_between(items[at + 1 : at + 2 + WORDS_MAX]) if items[at].part in HEADS else 0)
    return tuple(kept)


def _words_between(items: Sequence[Item]) -> int:
    """How many there are in front of a word for a state, 0 if this is no such clause."""
    if not items or items[0].word not in OPENING:
        return 0
    length = next((at for at, item in enumerate(items) if at > 0 and item.part is not Part.BE), 0)
    return length if length and items[length].part in (Part.FAILED, Part.STATE) else 0
