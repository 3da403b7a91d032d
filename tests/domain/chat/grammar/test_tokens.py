"""Words, names, refs, ids and what hangs on to them."""

from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.chat.grammar.text import normalise
from domain.chat.grammar.tokens import Kind, Token, tokens_of

RUN: Final = "0198a7c2-1f00-7c3a-9a51-0a1b2c3d4e5f"


def short(text: str) -> list[tuple[str, ...]]:
    return [
        tuple(part for part in (token.kind.value, token.text, token.ref, token.tail) if part)
        for token in tokens_of(normalise(text))
    ]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        pytest.param("kbo-results를", [("word", "kbo-results", "를")], id="particle"),
        pytest.param("오픈AI에", [("word", "오픈ai", "에")], id="particle of a mixed word"),
        pytest.param("클로드에", [("word", "클로드에")], id="hangul alone has no tail"),
        pytest.param("a-b@stable을", [("word", "a-b", "stable", "을")], id="particle behind a ref"),
        pytest.param("a-b@최신으로", [("word", "a-b", "최신으로")], id="hangul ref"),
        pytest.param("a-b를openai에", [("word", "a-b", "를"), ("word", "openai", "에")], id="no space between"),
        pytest.param('"a b"를', [("quoted", "a b", "를")], id="particle behind a quote"),
        pytest.param("'pdf'@2", [("quoted", "pdf", "2")], id="ref behind a quote"),
        pytest.param("don't 'x y'", [("word", "don't"), ("quoted", "x y")], id="apostrophe and quote"),
        pytest.param("3버전", [("word", "3", "버전")], id="number"),
        pytest.param("a@sha256:0f0f0f0f,", [("word", "a", "sha256:0f0f0f0f"), ("mark", ",")], id="digest"),
        pytest.param("pdf@stable.", [("word", "pdf", "stable"), ("mark", ".")], id="end behind a ref"),
        pytest.param("@waybill hi <@U12>", [("mention", "waybill"), ("word", "hi"), ("mention", "u12")], id="mentions"),
        pytest.param("wait... what?!", [("word", "wait"), ("mark", "."), ("word", "what"), ("mark", "?")], id="ends"),
        pytest.param("a/b+c&d", [("word", x) if x.isalpha() else ("mark", x) for x in "a/b+c&d"], id="between names"),
        pytest.param(
            "pdf :rocket: 🚀 :)", [("word", "pdf"), ("mark", ":rocket:"), ("mark", "🚀"), ("mark", ":)")], id="emoji"
        ),
        pytest.param("key [redacted]", [("word", "key"), ("mark", "[redacted]")], id="a secret that was there"),
        pytest.param(RUN.upper(), [("id", RUN)], id="id"),
        pytest.param(RUN.replace("-", ""), [("id", RUN)], id="id without hyphens"),
        pytest.param("0198a7c21f00를", [("id", "0198a7c2-1f00", "를")], id="beginning of an id"),
        pytest.param("deadbeef 0198a7c", [("word", "deadbeef"), ("word", "0198a7c")], id="not an id"),
        pytest.param("0198a7c2-results", [("word", "0198a7c2-results")], id="a name that begins like one"),
        pytest.param('"open', [("mark", '"'), ("word", "open")], id="a quote that is not closed"),
    ],
)
def test_a_text_falls_apart_so(text: str, tokens: list[tuple[str, ...]]) -> None:
    assert short(text) == tokens


@pytest.mark.parametrize(
    ("text", "sure"), [("pdf", False), ("a-b", True), ("pdf@2", True), ('"pdf"', True), ("?", False)]
)
def test_what_is_a_name_wherever_it_stands(text: str, sure: bool) -> None:  # noqa: FBT001 - a row of the table
    assert tokens_of(text)[0].is_name is sure


@given(st.text(max_size=300))
def test_every_place_is_in_the_text_and_nothing_seen_is_left_out(text: str) -> None:
    plain = normalise(text)
    tokens = tokens_of(plain)

    assert all(before.end <= after.start for before, after in pairwise(tokens))
    outside = "".join(plain[_end(tokens, at) : _start(tokens, at, plain)] for at in range(len(tokens) + 1))
    assert not outside.replace("_", "").strip(), outside


def _end(tokens: tuple[Token, ...], at: int) -> int:
    return tokens[at - 1].end if at else 0


def _start(tokens: tuple[Token, ...], at: int, text: str) -> int:
    return tokens[at].start if at < len(tokens) else len(text)


def test_a_question_is_one_however_often_it_is_marked() -> None:
    (end,) = tokens_of("!?!")

    assert (end.kind, end.text, end.ends_sentence) == (Kind.MARK, "?", True)
