"""The door to the grammar: which language a message is in, and that nothing breaks it."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.chat.grammar.parsing import language_of, parse
from domain.chat.grammar.text import normalise
from domain.chat.grammar.tokens import tokens_of
from domain.chat.intent import Action, Language
from domain.chat.reasons import Reason
from domain.chat.said import MESSAGE_CHARS_MAX, NAMES_MAX

# What sentences are made of, in an order that makes no sense.
PIECES: Final = (
    *(
        "install",
        "don't",
        "uninstall",
        "roll",
        "back",
        "get",
        "run",
        "again",
        "who",
        "is",
        "all",
        "except",
        "not",
        "on",
        "v2",
        "version",
        "3",
    ),
    *(
        "kbo-results",
        '"pdf"',
        "openai",
        "latest",
        "last",
        "failed",
        "if",
        "should",
        "can",
        "you",
        "?",
        ".",
        ",",
        ":",
        "@",
        "@x",
        "0198a7c2",
    ),
    *("설치해줘", "openai에", "빼고", "마", "누가", "을", "ㅇㅇ", "'", '"', "\n", "🙏", "\u202e", "\ud800"),
)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("install pdf on openai", Language.ENGLISH),
        ("install pdf on 클로드", Language.ENGLISH),
        ("openai에 pdf install 해줘", Language.KOREAN),
        ("됐어?", Language.KOREAN),
        ('install "설치" on openai', Language.ENGLISH),
        ('"설치"', Language.KOREAN),
        ("클로드", Language.KOREAN),
        ("install pdf@최신 on openai", Language.KOREAN),
        ("?", Language.ENGLISH),
        ("", Language.ENGLISH),
    ],
)
def test_the_language_is_that_of_the_words_that_are_no_names(text: str, language: Language) -> None:
    assert language_of(tokens_of(normalise(text))) is language
    assert parse(text).language is language


@pytest.mark.parametrize(
    "text", ["", " \u200b\n", f"install pdf on openai{' ' * MESSAGE_CHARS_MAX}"], ids=["empty", "unseen", "too long"]
)
def test_nothing_comes_of_nothing(text: str) -> None:
    said = parse(text)

    assert (said.action, said.obstacle) == (Action.NONE, Reason.NOT_UNDERSTOOD)


@given(st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join))
def test_any_order_of_words_is_heard_without_a_failure_and_always_the_same(text: str) -> None:
    said = parse(text)

    assert said == parse(text)
    assert (said.obstacle is None) == (said.action is not Action.NONE)
    assert all(len(pick.names) <= NAMES_MAX for pick in (said.skills, said.providers, said.either))


@given(st.text(max_size=MESSAGE_CHARS_MAX))
def test_any_text_is_heard_without_a_failure(text: str) -> None:
    parse(text)
