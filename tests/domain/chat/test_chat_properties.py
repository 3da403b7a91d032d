"""What holds of every sentence, made up or not."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.chat.grammar.parsing import parse
from domain.chat.intent import Action, Language
from domain.chat.outcome import Unclear
from domain.chat.reasons import Reason
from domain.chat.resolving import resolve
from domain.chat.said import MESSAGE_CHARS_MAX
from tests.domain.chat.catalogue import looked_up
from tests.domain.chat.commanding import Command, commands, english, korean
from tests.domain.chat.expectations import NOT_AT_ONCE, NOTHING_CHANGES, Heard, hear

some = settings(deadline=None, max_examples=100)

# What the grammar knows, and what it may stumble over, in no order at all.
_WORDS: Final = """
    install uninstall remove roll back rollback undo cancel retry verify status list show who help don't not never
    can you should i if except but all everything everywhere latest version v2 2 @stable last run failed and on
    설치 설치해줘 설치하지 마 말아줘 안 못 빼고 말고 전부 모두 다 됐어 할까 해도 돼 삭제해줘 롤백 취소 재시도 누가 버전 최신
    에 를 을 에서 이랑 하고 및 openai 오픈ai 클로드 gpt kbo-results pdf rollback uninstall-all 0198a7c2 0198a7c2-1f
    ? ! . , ; " ' ` \u201c @ # - \u200b \u202e \u1112 \x00 ㅋㅋ ㄱ 😀
"""
WORDS: Final = ("\n", *_WORDS.split())
OBSTACLES: Final = {None, Reason.NOT_UNDERSTOOD, Reason.NEGATED, Reason.QUESTION, Reason.SEVERAL_ACTIONS}

anything: Final = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=25).map("".join),
)


@some
@given(anything)
def test_whatever_is_said_something_is_heard_and_twice_the_same(text: str) -> None:
    said = parse(text)

    assert said == parse(text)
    assert said.obstacle in OBSTACLES
    assert (said.obstacle is not None) == (said.action is Action.NONE)
    result = resolve(said, looked_up(said))
    assert said.obstacle is None or (isinstance(result, Unclear) and result.reason is said.obstacle)


DENIALS: Final[tuple[Callable[[Command], str], ...]] = (
    lambda command: f"don't {command.text}",
    lambda command: f"Do not {command.text}!",
    lambda command: f"please don't {command.text}",
    lambda command: f"never {command.text}",
    lambda command: f"you must not {command.text}",
    lambda command: f"I don't want you to {command.text}",
)
KOREAN_DENIALS: Final[tuple[Callable[[Command], str], ...]] = (
    lambda command: f"{command.about} {command.verb.plain}지 마",
    lambda command: f"{command.about} {command.verb.plain}지마",
    lambda command: f"{command.about} {command.verb.plain}지 마세요.",
    lambda command: f"{command.about} {command.verb.plain}지 말아줘",
    lambda command: f"{command.about} {command.verb.plain}지 말아 주세요",
    lambda command: f"{command.about} {command.verb.plain}지 않았으면 좋겠어",
    lambda command: f"{command.about} {command.verb.plain}면 안 돼",
    lambda command: f"{command.about} 절대로 {command.verb.plain}지 마!",
)
ASKINGS: Final[tuple[Callable[[Command], str], ...]] = (
    lambda command: f"{command.text}?",
    lambda command: f"should I {command.text}?",
    lambda command: f"should we {command.text}",
    lambda command: f"what happens if I {command.text}?",
    lambda command: f"is it ok to {command.text}?",
    lambda command: f"what about {command.verb.other} {command.about}?",
    lambda command: f"how do I {command.text}?",
    lambda command: f"why {command.text}?",
)
KOREAN_ASKINGS: Final[tuple[Callable[[Command], str], ...]] = (
    lambda command: f"{command.about} {command.verb.other}까?",
    lambda command: f"{command.about} {command.verb.other}까요",
    lambda command: f"{command.about} {command.verb.joined}도 돼?",
    lambda command: f"{command.about} {command.verb.joined}도 될까요?",
    lambda command: f"{command.about} {command.verb.joined}야 할까?",
    lambda command: f"{command.about} {command.verb.joined}야 되나?",
    lambda command: f"{command.about} {command.verb.plain}면 어떻게 돼?",
    lambda command: f"{command.about} {command.verb.joined}?",
)


@some
@given(english(), st.sampled_from(DENIALS))
def test_a_denied_command_is_denied(command: Command, denied: Callable[[Command], str]) -> None:
    assert hear(denied(command)).reason is Reason.NEGATED, denied(command)


@some
@given(korean(), st.sampled_from(KOREAN_DENIALS))
def test_a_denied_command_is_denied_in_korean(command: Command, denied: Callable[[Command], str]) -> None:
    assert hear(denied(command)).reason is Reason.NEGATED, denied(command)


@some
@given(english(), st.sampled_from(ASKINGS))
def test_a_question_never_acts(command: Command, asked: Callable[[Command], str]) -> None:
    assert NOTHING_CHANGES.fits(hear(asked(command))), asked(command)


@some
@given(korean(), st.sampled_from(KOREAN_ASKINGS))
def test_a_question_never_acts_in_korean(command: Command, asked: Callable[[Command], str]) -> None:
    assert NOTHING_CHANGES.fits(hear(asked(command))), asked(command)


@some
@given(commands())
def test_a_command_that_is_neither_denied_nor_asked_is_understood(command: Command) -> None:
    said = parse(command.text)

    assert (said.action, said.obstacle, said.unsure, said.polite) == (command.verb.action, None, (), False), (
        command.text
    )
    assert said.language is command.language


LINKS: Final = (" and ", ". ", "; ", " then ", ", ", "\n")
KOREAN_LINKS: Final = (". ", "\n", " 그리고 ", "; ")


@some
@given(english(), english(), st.sampled_from(LINKS))
def test_two_different_commands_in_one_message_are_too_many(one: Command, other: Command, link: str) -> None:
    if one.verb.action is not other.verb.action:
        assert hear(f"{one.text}{link}{other.text}").reason is Reason.SEVERAL_ACTIONS


@some
@given(korean(), korean(), st.sampled_from(KOREAN_LINKS))
def test_two_different_commands_in_one_message_are_too_many_in_korean(one: Command, other: Command, link: str) -> None:
    if one.verb.action is not other.verb.action:
        assert hear(f"{one.text}{link}{other.text}").reason is Reason.SEVERAL_ACTIONS


REPEATED: Final = (
    *("install ", "pdf, ", "a-b ", "a-", "don't ", "except pdf ", "openai ", "open ai ", "google gemini "),
    *("@stable ", "v2 ", "0198a7c2 ", "'", '"a ', "? ", "and ", "of the ", "can you "),
    *("설치", "설치해줘 ", "설치하지 ", "pdf를 ", "openai에 ", "클로드랑 ", "빼고 ", "하", "가나다라", "\u1112"),
)


@pytest.mark.parametrize("unit", REPEATED, ids=range(len(REPEATED)))
def test_the_work_grows_with_the_length_and_no_faster(unit: str) -> None:
    short, long = (unit * (size // len(unit)) for size in (MESSAGE_CHARS_MAX // 4, MESSAGE_CHARS_MAX))
    parse(long)

    assert calls_in(long) <= 6 * calls_in(short) + 500


def calls_in(text: str) -> int:
    """How many functions are called, also those that are not written in Python, to parse it."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        parse(text)
    finally:
        sys.setprofile(before)
    return calls


def test_a_message_that_is_too_long_is_not_understood() -> None:
    assert parse("install pdf on openai" + " " * MESSAGE_CHARS_MAX).obstacle is Reason.NOT_UNDERSTOOD


# Words that turn or put off what is said, wherever they stand.
TURNING: Final = (
    *("not", "never", "don't", "no", "without", "nothing", "instead", "stop", "wait"),
    *("unless", "if", "when", "until", "maybe"),
)
KOREAN_TURNING: Final = (
    *("안", "못", "말고", "제외", "아니", "금지", "중지", "보류", "절대"),
    *("만약", "나중에", "다음에", "내일", "왜", "언제"),
)


@some
@given(commands(), st.data())
def test_a_command_with_a_word_that_turns_it_is_not_done_at_once(command: Command, data: st.DataObject) -> None:
    turning = TURNING if command.language is Language.ENGLISH else KOREAN_TURNING
    words = command.text.split(" ")
    words.insert(data.draw(st.integers(0, len(words))), data.draw(st.sampled_from(turning)))

    text = " ".join(words)
    heard, before = hear(text), hear(command.text)

    # "except a and not b" leaves out both.
    says_the_same = "and not" in text and bool(before.left_out) and heard == before
    assert NOT_AT_ONCE.fits(heard) or names_less(heard, before) or says_the_same, text


def names_less(heard: Heard, before: Heard) -> bool:
    """It was read as an exception, and what is left is part of what was said."""
    skills, providers = set(heard.skills) < set(before.skills), set(heard.providers) < set(before.providers)
    return heard.every <= before.every and (skills or providers or heard.left_out > before.left_out)
