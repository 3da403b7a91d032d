"""What counts as a yes, what as a no, and what as neither, after it was asked whether a plan is meant."""

from typing import Final

import pytest

from domain.chat.grammar.assent import assent

YES: Final = (
    *(
        "yes",
        "Yes!",
        "y",
        "yep",
        "yeah",
        "yes please",
        "ok",
        "OK",
        "okay",
        "sure",
        "go ahead",
        "do it",
        "confirm",
        "confirmed",
    ),
    *("Yes, go ahead.", "ok, do it", "proceed", "please proceed", "  yes  ", "yes 👍"),
    *(
        "네",
        "넵",
        "네네",
        "예",
        "응",
        "어",
        "ㅇㅇ",
        "ㅇㅋ",
        "그래",
        "좋아",
        "좋아요",
        "진행해",
        "진행해줘",
        "진행해 주세요",
        "확인",
    ),
    *("네, 진행해 주세요", "응 해줘", "네 부탁해요", "오케이", "네!", "계속해", "그렇게 해줘", "ok 진행해"),
)
NO: Final = (
    *(
        "no",
        "No.",
        "nope",
        "n",
        "no thanks",
        "cancel",
        "stop",
        "don't",
        "don't do it",
        "never mind",
        "no, cancel",
        "abort",
    ),
    *(
        "아니",
        "아니요",
        "아뇨",
        "아니오",
        "ㄴㄴ",
        "취소",
        "취소해줘",
        "취소해 주세요",
        "하지 마",
        "하지마",
        "그만",
        "안 돼",
        "됐어 하지 마",
    ),
    *("아니, 취소해", "no 취소", "하지 말아줘", "말아줘"),
)
NEITHER: Final = (
    *(
        "",
        " ",
        "?",
        "yes?",
        "ok?",
        "maybe",
        "not yes",
        "not sure",
        "I don't know",
        "yesterday",
        "no wait, yes",
        "yes no",
    ),
    *("yes but only on openai", "yes, and uninstall docx too", "yes except gemini", "okay cancel it and install docx"),
    *(
        "install pdf on openai",
        "what will happen?",
        "why",
        "no, install docx instead",
        '"yes"',
        "is that a yes",
        "yes to what",
    ),
    *(
        "네?",
        "네 아니요",
        "글쎄",
        "왜?",
        "뭐라고?",
        "네 그런데 claude는 빼고",
        "응 근데 docx도 지워줘",
        "확인해볼게",
        "진행할까?",
    ),
    *(
        "진행해도 돼?",
        "아니 그게 아니라 docx",
        "openai에 pdf 설치해줘",
        "좋아 보이는데 나중에",
        "예를 들어줘",
        "ok일까",
    ),
)


@pytest.mark.parametrize("text", YES, ids=range(len(YES)))
def test_this_is_a_yes(text: str) -> None:
    assert assent(text) is True, text


@pytest.mark.parametrize("text", NO, ids=range(len(NO)))
def test_this_is_a_no(text: str) -> None:
    assert assent(text) is False, text


@pytest.mark.parametrize("text", NEITHER, ids=range(len(NEITHER)))
def test_this_is_neither(text: str) -> None:
    assert assent(text) is not True, text
