"""The words of a Korean sentence as what they are: names with their particles, verbs with their endings, and the words between."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from domain.chat.grammar.korean.jamo import is_hangul
from domain.chat.grammar.korean.particles import PLACES, Role, bare
from domain.chat.grammar.korean.verbs import Verb
from domain.chat.grammar.korean.words import WORDS, Word
from domain.chat.grammar.refs import plain_ref, written_ref
from domain.chat.grammar.tokens import Token

_PLACING: Final = frozenset({*PLACES, Role.OBJECT, Role.JOINED, Role.NAMED})
_UNPLACED: Final = frozenset({Word.FILLER, Word.AND, Word.OR, Word.EXCEPT, Word.NOT, Word.NEVER})
_PLAIN: Final = frozenset(["이", "가", "은", "는", "도", "만", "의", "부터", "까지"])
_SHORT: Final = frozenset({"다", "싹", "곳", "데", "쪽", "측", "런", "잡", "둘", "셋", "넷"})


class Thing(Struct, frozen=True, kw_only=True):
    """A name. `known`: a word for a provider; `foreign`: not in Hangul letters."""

    text: str
    ref: str | None = None
    role: Role = Role.NONE
    known: bool = False
    foreign: bool = True


class Run(Struct, frozen=True):
    id: str
    role: Role = Role.NONE


class Version(Struct, frozen=True):
    ref: str
    role: Role = Role.NONE


class Small(Struct, frozen=True):
    """A word of the language with its particle; `text` is how it was written, without the particle."""

    word: Word
    role: Role = Role.NONE
    text: str = ""


class Spoken(Struct, frozen=True):
    """A verb, and the word as it was written."""

    verb: Verb
    text: str


class Unknown(Struct, frozen=True):
    text: str


class Comma(Struct, frozen=True):
    """What separates two things."""


Piece = Thing | Run | Version | Small | Spoken | Unknown | Comma


def in_role(piece: Thing | Run | Version, role: Role) -> Piece:
    if isinstance(piece, Run):
        return Run(piece.id, role)
    return Version(piece.ref, role) if isinstance(piece, Version) else replace(piece, role=role)


def thing_of(token: Token) -> Thing:
    """A name; a ref in Hangul letters has its particle with it."""
    ref, role = token.ref, Role.NONE
    if ref is not None and is_hangul(ref[-1]):
        cuts = bare(ref)
        ref, role = next((cut for cut in cuts if plain_ref(cut[0]) is not None), cuts[-1])
    return Thing(text=token.text, ref=written_ref(ref) if ref else None, role=role)


def small_of(text: str) -> Small | None:
    """A word of the language with no more than a particle, and none that makes a name of it."""
    cuts = ((base, role) for base, role in reversed(bare(text)) if base in WORDS)
    return next(
        (Small(WORDS[base], role, base) for base, role in cuts if _may_have(base, text[len(base) :], role)), None
    )


def _may_have(base: str, particle: str, role: Role) -> bool:
    """`개에` and `자를` are about something that is called so."""
    word = WORDS[base]
    if role is Role.NONE or (len(base) > 1 and word not in _UNPLACED):
        return True
    if role in _PLACING:
        return base in _SHORT
    return len(base) > 1 or (word is not Word.FILLER and particle in _PLAIN)


def stranger_of(text: str) -> Thing | Unknown:
    """A word of Hangul letters that nobody knows is a name where its particle makes it one."""
    base, role = bare(text)[0]
    return Unknown(text) if role in (Role.NONE, Role.TOPIC) else Thing(text=base, role=role, foreign=False)
