"""The sentence for an intent, as it is written."""

from typing import Final
from uuid import UUID

import pytest

from domain.chat.grammar.assent import CHARS_MAX, WORDS_MAX, assent
from domain.chat.grammar.parsing import parse
from domain.chat.grammar.rendering import render
from domain.chat.intent import NOTHING, Action, Intent, Language, Listed

RUN: Final = UUID("0198a7c2-1f00-7c3a-9a51-0a1b2c3d4e5f")
INSTALL: Final = Intent(action=Action.INSTALL, skills=("kbo-results", "pdf"), ref="stable", providers=("openai", "lab"))


@pytest.mark.parametrize(
    ("intent", "english", "korean"),
    [
        pytest.param(
            INSTALL,
            'install skills kbo-results@stable, "pdf"@stable on openai, "lab"',
            'openai, "lab" 연결에 kbo-results@stable, "pdf"@stable 스킬을 설치해줘',
            id="install",
        ),
        pytest.param(
            Intent(action=Action.UNINSTALL, skills=("a-b",), providers=("claude",)),
            "uninstall skill a-b from claude",
            "claude 연결에서 a-b 스킬을 삭제해줘",
            id="uninstall",
        ),
        pytest.param(
            Intent(action=Action.CANCEL, run_id=RUN), f"cancel run {RUN}", f"실행 {RUN} 취소해줘", id="cancel"
        ),
        pytest.param(
            Intent(action=Action.VERIFY, providers=("lab",)),
            'verify connection "lab"',
            '"lab" 연결을 검증해줘',
            id="verify",
        ),
        pytest.param(
            Intent(action=Action.LIST, listed=Listed.RUNS, providers=("gemini",)),
            "list runs on gemini",
            "gemini 연결에서 실행 목록 보여줘",
            id="list",
        ),
        pytest.param(
            Intent(action=Action.STATUS, providers=("gemini",)),
            "status on gemini",
            "gemini 연결에서 상태 알려줘",
            id="status",
        ),
        pytest.param(Intent(action=Action.HELP), "help", "도움말", id="help"),
    ],
)
def test_an_intent_in_words(intent: Intent, english: str, korean: str) -> None:
    assert render(intent, Language.ENGLISH) == english
    assert render(intent, Language.KOREAN) == korean


@pytest.mark.parametrize("language", Language)
def test_nothing_is_said_so_that_nothing_comes_of_it(language: Language) -> None:
    assert parse(render(NOTHING, language)).action is Action.NONE


def test_an_answer_is_short() -> None:
    assert assent("yes " * WORDS_MAX) is True
    assert assent("yes " * (WORDS_MAX + 1)) is None
    assert assent("yes" + " " * CHARS_MAX) is None
