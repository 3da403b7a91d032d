"""The tokens of a Korean sentence as words: particles that stand alone go back to their nouns, and laughter goes."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from domain.chat.grammar.korean.jamo import is_hangul
from domain.chat.grammar.korean.particles import role_of
from domain.chat.grammar.providers import provider_before
from domain.chat.grammar.tokens import Kind, Token

# Particles that some write with a space before them.
_LOOSE: Final = frozenset(
    [
        "을",
        "를",
        "에",
        "에서",
        "에다",
        "에다가",
        "로",
        "으로",
        "은",
        "는",
        "와",
        "과",
        "랑",
        "이랑",
        "의",
        "라는",
        "이라는",
    ]
)
# The second half of 오픈 에이아이.
_AI: Final = "에이아이"
_BRACKETS: Final = frozenset(")]}")
_FEELINGS: Final = "ㅋㅎㅠㅜㅡ"


def words_of(tokens: Sequence[Token]) -> tuple[Token, ...]:
    found: list[Token] = []
    for token in map(_calm, tokens):
        at = len(found) - (2 if found and found[-1].text in _BRACKETS else 1)
        if token.text in _LOOSE and at >= 0 and found[at].kind is not Kind.MARK and not found[at].tail:
            found[at] = _with_particle(found[at], token.text)
        elif token.text:
            found.append(_provider_apart(token))
    return tuple(found)


def is_hangul_word(token: Token) -> bool:
    return token.kind is Kind.WORD and token.ref is None and all(is_hangul(char) for char in token.text)


def _with_particle(token: Token, particle: str) -> Token:
    if is_hangul_word(token):
        return replace(token, text=token.text + particle)
    return replace(token, tail=particle)


def _calm(token: Token) -> Token:
    """Without the laughter and the tears that hang on to its end."""
    if token.tail:
        return replace(token, tail=token.tail.rstrip(_FEELINGS))
    return replace(token, text=token.text.rstrip(_FEELINGS)) if token.kind is Kind.WORD else token


def _provider_apart(token: Token) -> Token:
    """A provider in Hangul letters with its particle as its tail, as it is with one in other letters."""
    if token.tail or not is_hangul_word(token):
        return token
    name, rest = provider_before(token.text) or (_AI, token.text.removeprefix(_AI))
    return replace(token, text=name, tail=rest) if rest != token.text and role_of(rest) and rest else token
