"""Second thoughts about the words of a Korean sentence: what their neighbours make of them."""

from collections.abc import Iterator
from typing import Final

from domain.chat.grammar.korean.marks import Mark
from domain.chat.grammar.korean.particles import Role
from domain.chat.grammar.korean.pieces import Piece, Small, Spoken, Thing, Unknown
from domain.chat.grammar.korean.verbs import Sense
from domain.chat.grammar.korean.words import Word

_NOUNS_OF_NAMES: Final = frozenset({Word.SKILL, Word.PROVIDER, Word.CONNECTED})
_NEVER_NAMES: Final = frozenset({Word.SKILL, Word.PROVIDER, Word.RUN, Word.EVERY, Word.EVERYWHERE, Word.THAT})


def considered(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
    """Unknown words before a noun that has a name are one, and so are English words with which something is to be done."""
    for at, piece in enumerate(pieces):
        if isinstance(piece, Unknown) and _wants_name(pieces[at + 1 : at + 2]):
            yield Thing(text=piece.text, foreign=False)
        elif isinstance(piece, Small) and _is_name(piece, pieces[at:]):
            yield Thing(text=piece.text, role=piece.role)
        elif isinstance(piece, Spoken) and _leaves_out(piece, pieces[at - 1 : at]):
            yield Small(Word.EXCEPT, text=piece.text)
        else:
            yield piece


def _wants_name(following: tuple[Piece, ...]) -> bool:
    for piece in following:
        if isinstance(piece, Small):
            return piece.word in _NOUNS_OF_NAMES
        return isinstance(piece, Spoken) and piece.verb.sense is Sense.VERIFY
    return False


def _is_name(small: Small, following: tuple[Piece, ...]) -> bool:
    """`status를 삭제해줘`, but not `status를 보여줘`."""
    if not small.text.isascii() or small.role is not Role.OBJECT or small.word in _NEVER_NAMES:
        return False
    verb = next((piece.verb for piece in following if isinstance(piece, Spoken)), None)
    return verb is not None and verb.sense not in (Sense.LOOK, Sense.CHECK, Sense.DO)


def _leaves_out(spoken: Spoken, before: tuple[Piece, ...]) -> bool:
    """`openai만 남기고`"""
    keeps = spoken.verb.sense is Sense.KEEP and Mark.AND in spoken.verb.marks
    return keeps and any(isinstance(piece, Thing | Small) for piece in before)
