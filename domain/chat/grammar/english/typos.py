"""One slip of the finger: a letter too many, too few, another one, or two of them swapped."""

from typing import Final

from domain.chat.grammar.english.verbs import VERBS
from domain.chat.intent import Action

# Shorter words come close to too many others.
LETTERS_MIN: Final = 5
LETTERS_MAX: Final = 20
MEANT: Final = tuple(
    sorted(
        word
        for word, (action, form) in VERBS.items()
        if form == "base" and word.isalpha() and len(word) >= LETTERS_MIN and action is not Action.SHOW
    )
)
NOUNS: Final = ("skills", "providers", "connections", "status", "installations")


def verb_meant(word: str) -> str | None:
    """The one verb that comes so close, None if there is none or there are several that mean different things."""
    close = _close(word, MEANT)
    return close[0] if len({VERBS[one] for one in close}) == 1 else None


def noun_meant(word: str) -> str | None:
    close = _close(word, NOUNS)
    return close[0] if len(close) == 1 else None


def _close(word: str, meant: tuple[str, ...]) -> tuple[str, ...]:
    if not LETTERS_MIN - 1 <= len(word) <= LETTERS_MAX or not word.isalpha():
        return ()
    return tuple(one for one in meant if _one_slip(word, one))


def _one_slip(word: str, meant: str) -> bool:
    if abs(len(word) - len(meant)) > 1:
        return False
    at = next((at for at, pair in enumerate(zip(word, meant, strict=False)) if pair[0] != pair[1]), None)
    if at is None:
        return True
    here, there = word[at:], meant[at:]
    swapped = len(here) > 1 and here[:2] == there[1::-1] and here[2:] == there[2:]
    return here[1:] == there[1:] or here[1:] == there or here == there[1:] or swapped
