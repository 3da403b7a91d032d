"""Versions in a Korean sentence: `v2로`, `3버전`, `버전 3`, `버전3`, `stable 버전으로`."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from domain.chat.grammar.korean.particles import Role, bare
from domain.chat.grammar.korean.pieces import Small, small_of
from domain.chat.grammar.korean.tokens import is_hangul_word
from domain.chat.grammar.korean.verbs import ENGLISH
from domain.chat.grammar.korean.words import WORDS, Word
from domain.chat.grammar.providers import provider_word
from domain.chat.grammar.refs import number, plain_ref, ref_beside_version
from domain.chat.grammar.tokens import Kind, Token

_WRITTEN: Final = ("버전", "버젼")
_COUNTER: Final = "번"


class Found(Struct, frozen=True, kw_only=True):
    """`tail` is what hangs on to it, unless its particle is known: `role`."""

    ref: str
    tail: str = ""
    role: Role = Role.NONE
    taken: int = 1


def version_at(tokens: Sequence[Token], at: int) -> Found | None:
    token = tokens[at]
    if token.text.startswith(_WRITTEN) and number(token.text[2:]):
        return Found(ref=token.text[2:], tail=token.tail)
    return _numbered(tokens, at) or _before_version(tokens, at) or _by_itself(token)


def _numbered(tokens: Sequence[Token], at: int) -> Found | None:
    token, before = tokens[at], _small_at(tokens, at - 1)
    if number(token.text) is None:
        return None
    noun = small_of(token.tail.removeprefix(_COUNTER)) if token.tail else None
    if noun is not None and noun.word is Word.VERSION:
        return Found(ref=token.text, role=noun.role)
    if before is not None and before.word is Word.VERSION and before.role is Role.NONE:
        return Found(ref=token.text, tail=token.tail.removeprefix(_COUNTER))
    return None


def _before_version(tokens: Sequence[Token], at: int) -> Found | None:
    """`3 버전`, `stable 버전으로`; not `docs 버전 3`."""
    token, after = tokens[at], _small_at(tokens, at + 1)
    if after is None or after.word is not Word.VERSION or token.tail not in ("", _COUNTER):
        return None
    if after.role is Role.NONE and at + 2 < len(tokens) and number(tokens[at + 2].text):
        return None
    alone = number(token.text) is None and not any(_may_be_skill(each) for each in (*tokens[:at], *tokens[at + 1 :]))
    ref = None if token.is_name or token.text in ENGLISH or alone else ref_beside_version(token.text)
    return None if ref is None else Found(ref=ref, role=after.role, taken=2)


def _may_be_skill(token: Token) -> bool:
    """Whether it is another name than that of a provider: a label needs a skill beside it."""
    named = token.kind in (Kind.WORD, Kind.QUOTED) and not is_hangul_word(token)
    return named and provider_word(token.text) is None and token.text not in WORDS and token.text not in ENGLISH


def _by_itself(token: Token) -> Found | None:
    if (ref := plain_ref(token.text)) is not None:
        return Found(ref=ref, tail=token.tail)
    if not is_hangul_word(token):
        return None
    refs = ((plain_ref(base), role) for base, role in bare(token.text))
    return next((Found(ref=ref, role=role) for ref, role in refs if ref is not None), None)


def _small_at(tokens: Sequence[Token], at: int) -> Small | None:
    if not 0 <= at < len(tokens) or tokens[at].kind is not Kind.WORD:
        return None
    return small_of(tokens[at].text + tokens[at].tail)
