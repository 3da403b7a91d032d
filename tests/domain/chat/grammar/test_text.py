"""One form for everything that can be written in several, and nothing lost of what can be seen."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.chat.grammar.text import normalise


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        pytest.param("Install PDF", "install pdf", id="case"),
        pytest.param("  a \t b\u00a0c\u3000d ", "a b c d", id="spaces"),
        pytest.param("a\r\n\n b\u2028c", "a\nb\nc", id="lines"),
        pytest.param("ｉｎｓｔａｌｌ　ｐｄｆ＠ｖ２", "install pdf@v2", id="full width"),  # noqa: RUF001
        pytest.param(unicodedata.normalize("NFD", "설치해줘"), "설치해줘", id="decomposed"),
        pytest.param("ㅇㅇ ㅋㅋ", "ㅇㅇ ㅋㅋ", id="single jamo"),
        pytest.param("\uffb7\uffb7", "ㅇㅇ", id="half-width jamo"),
        pytest.param("don\u2019t \u201cpdf\u201d \u300cpdf\u300d `pdf`", 'don\'t "pdf" "pdf" "pdf"', id="quotes"),
        pytest.param("kbo\u2011results \u2013 x", "kbo-results - x", id="dashes"),
        pytest.param("pdf\u2014now", "pdf - now", id="a dash between words"),
        pytest.param("p\u200bd\u2060f\ufeff \u202eon\u202c", "pdf on", id="unseen"),
        pytest.param("a\u3164b\u115fc", "a b c", id="fillers"),
        pytest.param("pdf\ud800\x00on", "pdf on", id="broken"),
        pytest.param("좋아요\u3002", "좋아요.", id="ideographic end"),
    ],
)
def test_text_has_one_form(written: str, plain: str) -> None:
    assert normalise(written) == plain


@given(st.text(max_size=200))
def test_a_form_stays_as_it_is(text: str) -> None:
    once = normalise(text)

    assert normalise(once) == once
    assert len(once) <= 3 * len(text)
