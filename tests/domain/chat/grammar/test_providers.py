"""What people call the providers."""

import pytest

from domain.chat.grammar.providers import SPELLINGS, provider_at, provider_before, provider_word
from domain.chat.grammar.text import normalise
from domain.chat.grammar.tokens import tokens_of


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_written_as_it_comes_in(spelling: str) -> None:
    assert normalise(spelling) == spelling
    assert provider_word(spelling) == SPELLINGS[spelling]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("OpenAI now", ("openai", 1), id="one word"),
        pytest.param("Open AI now", ("openai", 2), id="two words"),
        pytest.param("오픈 AI에", ("openai", 2), id="two scripts"),
        pytest.param("Google Gemini", ("gemini", 2), id="maker and made"),
        pytest.param("Anthropic's Claude", ("claude", 2), id="maker's"),
        pytest.param("OpenAI ChatGPT", ("openai", 2), id="maker of gpt"),
        pytest.param("Google, Gemini", ("google", 1), id="two of them"),
        pytest.param("Claude Anthropic", ("claude", 1), id="the other way round"),
        pytest.param("오픈AI에 클로드", ("openai", 1), id="a particle ends it"),
        pytest.param("ChatGPT", ("gpt", 1), id="what it is known for"),
        pytest.param("Open source", None, id="half of it"),
        pytest.param("openai-eu", None, id="a connection's name"),
        pytest.param('"openai"', None, id="quoted"),
    ],
)
def test_where_a_provider_begins(text: str, found: tuple[str, int] | None) -> None:
    assert provider_at(tokens_of(normalise(text)), 0) == found


def test_a_particle_is_cut_off() -> None:
    assert provider_before("클로드에서") == ("claude", "에서")
    assert provider_before("오픈에이아이랑") == ("openai", "랑")
    assert provider_before("설치해줘") is None
