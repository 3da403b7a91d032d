"""Which of the names that exist come close to a word that is none of them."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Final

CANDIDATES_MAX: Final = 5
# How much alike they must be, from 0 to 1: of five letters two may be wrong, or neighbours have changed places.
LIKENESS_MIN: Final = 0.6
# A name that a word is a part of is closer than any that is merely like it.
PART_CHARS_MIN: Final = 3


def closest(word: str, names: Iterable[str]) -> tuple[str, ...]:
    """At most CANDIDATES_MAX, the closest first; of those that are equally close the shortest, then by the alphabet."""
    matcher = SequenceMatcher(b=word, autojunk=False)
    likeness = {name: _likeness(matcher, word, name) for name in names}
    likely = [name for name in likeness if likeness[name] >= LIKENESS_MIN]
    return tuple(sorted(likely, key=lambda name: (-likeness[name], len(name), name))[:CANDIDATES_MAX])


def _likeness(matcher: SequenceMatcher[str], word: str, name: str) -> float:
    """`matcher` knows the word. 0 where a cheap look shows that it is not enough: there may be thousands of names."""
    if len(word) >= PART_CHARS_MIN and word in name:
        return 1.0
    if 2 * min(len(word), len(name)) < LIKENESS_MIN * (len(word) + len(name)):
        return 0.0
    matcher.set_seq1(name)
    return matcher.ratio() if matcher.quick_ratio() >= LIKENESS_MIN else 0.0
