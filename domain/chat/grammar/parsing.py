"""From a sentence to what was said: the one door to the grammar."""

from collections.abc import Sequence

from domain.chat.grammar.english import hearing as english
from domain.chat.grammar.korean import hearing as korean
from domain.chat.grammar.providers import provider_word
from domain.chat.grammar.text import HANGUL_LETTER, normalise
from domain.chat.grammar.tokens import Kind, Token, tokens_of
from domain.chat.intent import Action, Language
from domain.chat.reasons import Reason
from domain.chat.said import MESSAGE_CHARS_MAX, Said


def parse(text: str) -> Said:
    """Never raises; what makes no sense has the obstacle `not_understood`. Takes time in proportion to the length of the text."""
    tokens = tokens_of(normalise(text)) if len(text) <= MESSAGE_CHARS_MAX else ()
    language = language_of(tokens)
    if not tokens:
        return Said(language=language, action=Action.NONE, obstacle=Reason.NOT_UNDERSTOOD)
    return korean.hear(tokens) if language is Language.KOREAN else english.hear(tokens)


def language_of(tokens: Sequence[Token]) -> Language:
    """Korean if there is any Hangul outside of quotes and of the names of providers, or nothing else at all but those."""
    words = [
        token
        for token in tokens
        if token.kind in (Kind.WORD, Kind.ID) and provider_word(token.text + token.tail) is None
    ]
    hangul = [word for word in words if HANGUL_LETTER.search(word.text + (word.ref or "") + word.tail)]
    if hangul:
        return Language.KOREAN
    named = any(HANGUL_LETTER.search(token.text + token.tail) for token in tokens)
    return Language.KOREAN if named and not words else Language.ENGLISH
