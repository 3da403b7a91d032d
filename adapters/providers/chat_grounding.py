"""Holds what a language model says against the message: a name that nobody said is not believed, whether or not it exists."""

import re
from typing import Final

from domain.chat.grammar.parsing import language_of
from domain.chat.grammar.providers import SPELLINGS, provider_word
from domain.chat.grammar.refs import LATEST, LATEST_WORDS, written_ref
from domain.chat.grammar.text import normalise
from domain.chat.grammar.tokens import tokens_of
from domain.chat.intent import Language
from domain.chat.ports import ModelUnavailable

# What may stand between the letters of a name that is written with other spaces and hyphens.
BETWEEN: Final = r"[\W_]*"
NUMBERED: Final = re.compile(r"v(?=[0-9]+$)")
NUMBERING: Final = ("", "v", "ver")
RUN_ID: Final = re.compile(r"[0-9a-f]{8}[0-9a-f-]{0,28}")


class Message:
    """Every method gives back the word in the form in which the grammar would, and raises ModelUnavailable if it was not said."""

    def __init__(self, text: str) -> None:
        self._text = normalise(text)

    @property
    def language(self) -> Language:
        """By the same rule as for all messages, whatever a model may think."""
        return language_of(tokens_of(self._text))

    def word(self, text: str) -> str:
        """A name may be written with other spaces and hyphens than it has."""
        word = normalise(text)
        if not self._holds(word):
            raise ModelUnavailable("The answer names what was not said.")
        return word

    def provider(self, text: str) -> str:
        """Whichever way it was spelled, also in the other script."""
        name = provider_word("".join(_letters(normalise(text))))
        if name is None:
            return self.word(text)
        if not any(self._holds(spelling) for spelling, meant in SPELLINGS.items() if meant == name):
            raise ModelUnavailable("The answer names a provider that was not said.")
        return name

    def ref(self, text: str | None) -> str | None:
        if text is None:
            return None
        ref = written_ref(normalise(text))
        if ref == LATEST and any(self._holds(word) for word in LATEST_WORDS):
            return ref
        number = NUMBERED.sub("", ref)
        ways = [f"{prefix}{number}" for prefix in NUMBERING] if number.isdecimal() else [ref]
        if not any(self._holds(way) for way in ways):
            raise ModelUnavailable("The answer names a version that was not said.")
        return ref

    def run_id(self, text: str) -> str:
        run_id = self.word(text)
        if not RUN_ID.fullmatch(run_id):
            raise ModelUnavailable("The answer has an id of a run that is none.")
        return run_id

    def _holds(self, word: str) -> bool:
        """As whole words, but for Korean, where words go over into each other."""
        letters = _letters(word)
        if not letters:
            return False
        begins = r"(?<![a-z0-9])" if letters[0].isascii() else ""
        ends = r"(?![a-z0-9])" if letters[-1].isascii() else ""
        return re.search(begins + BETWEEN.join(letters) + ends, self._text) is not None


def _letters(text: str) -> list[str]:
    """And digits."""
    return [character for character in text if character.isalnum()]
