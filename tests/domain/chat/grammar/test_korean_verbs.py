import random
from collections.abc import Iterator
from typing import Final

import pytest

from domain.chat.grammar.korean.jamo import letters, one_letter_apart
from domain.chat.grammar.korean.moods import Mood, mood_of
from domain.chat.grammar.korean.particles import Role, bare, role_of
from domain.chat.grammar.korean.stems import shapes
from domain.chat.grammar.korean.verbs import Sense, guessed_verb, verb_in
from tests.domain.chat.grammar.korean_said import hear

# A stem of each kind of conjugation, and what it is before 아 or 어, before ㄴ, and before 으.
STEMS: Final = (
    ("설치하", "설치해", "설치한", "설치하", Sense.INSTALL),
    ("깔", "깔아", "깐", "깔", Sense.INSTALL),
    ("넣", "넣어", "넣은", "넣으", Sense.INSTALL),
    ("올리", "올려", "올린", "올리", Sense.INSTALL),
    ("지우", "지워", "지운", "지우", Sense.UNINSTALL),
    ("빼", "빼", "뺀", "빼", Sense.UNINSTALL),
    ("되돌리", "되돌려", "되돌린", "되돌리", Sense.ROLLBACK),
    ("그만두", "그만둬", "그만둔", "그만두", Sense.CANCEL),
    ("재시도하", "재시도해", "재시도한", "재시도하", Sense.RETRY),
    ("install하", "install해", "install한", "install하", Sense.INSTALL),
)
PLAIN: Final = {
    "지마": Mood.NEGATED,
    "지말아줘": Mood.NEGATED,
    "지않아도돼": Mood.NEGATED,
    "지말라니까": Mood.NEGATED,
    "기싫어": Mood.NEGATED,
    "자": Mood.COMMAND,
    "기바랍니다": Mood.COMMAND,
    "고싶어": Mood.POLITE,
    "나요": Mood.DELIBERATION,
    "는게좋을까": Mood.DELIBERATION,
    "는중이야": Mood.REPORT,
    "는방법": Mood.HOW,
    "고": Mood.AND,
}
FULL: Final = {
    "": Mood.COMMAND,
    "요": Mood.COMMAND,
    "라": Mood.COMMAND,
    "줘": Mood.COMMAND,
    "주세요": Mood.COMMAND,
    "주십시오": Mood.COMMAND,
    "줄래": Mood.POLITE,
    "주시겠어요": Mood.POLITE,
    "주실수있나요": Mood.POLITE,
    "줬으면좋겠어요": Mood.POLITE,
    "도돼": Mood.POLITE,
    "도될까요": Mood.DELIBERATION,
    "야하나요": Mood.DELIBERATION,
    "선안돼": Mood.NEGATED,
    "서": Mood.AND,
}
OPEN: Final = {
    "면안돼": Mood.NEGATED,
    "면안될까": Mood.DELIBERATION,
    "면어때": Mood.DELIBERATION,
    "면좋겠어": Mood.POLITE,
    "세요": Mood.COMMAND,
    "려면": Mood.HOW,
    "려고해": Mood.POLITE,
}


def forms() -> Iterator[tuple[str, Sense, Mood]]:
    for plain, full, past, opened, sense in STEMS:
        yield from ((plain + ending, sense, mood) for ending, mood in PLAIN.items())
        yield from ((full + ending, sense, mood) for ending, mood in FULL.items())
        yield from ((opened + ending, sense, mood) for ending, mood in OPEN.items() if _keeps(plain, ending))
        yield past, sense, Mood.RELATIVE


def _keeps(stem: str, ending: str) -> bool:
    """까세요: the ㄹ goes before ㅅ."""
    return stem != "깔" or ending != "세요"


FORMS: Final = tuple(forms())


@pytest.mark.parametrize(("word", "sense", "mood"), FORMS, ids=[word for word, _, _ in FORMS])
def test_a_verb_in_every_form(word: str, sense: Sense, mood: Mood) -> None:
    found = verb_in(word)

    assert found is not None
    assert (found[0], mood_of(found[1], asked=False)) == (sense, mood)


@pytest.mark.parametrize(
    "word", ["까세요", "깝시다", "깔까", "깐다", "지웁시다", "넣읍시다", "무릅시다", "물러줘", "도와줘"]
)
def test_a_verb_where_the_stem_changes(word: str) -> None:
    assert verb_in(word) is not None


@pytest.mark.parametrize(("asked", "mood"), [(False, Mood.COMMAND), (True, Mood.DELIBERATION)])
def test_a_question_mark_makes_a_question_of_an_order(asked: bool, mood: Mood) -> None:  # noqa: FBT001 - as it is asked
    found = verb_in("설치해")

    assert found is not None
    assert mood_of(found[1], asked=asked) is mood


@pytest.mark.parametrize("word", ["설치비", "깔끔", "지우개", "스킬", "프로바이더", "오픈", "", "ㅋ", "하하하하"])
def test_what_is_no_verb(word: str) -> None:
    assert verb_in(word) is None


@pytest.mark.parametrize(
    ("word", "sense"),
    [
        ("설치헤줘", Sense.INSTALL),
        ("셜치해줘", Sense.INSTALL),
        ("삭재해줘", Sense.UNINSTALL),
        ("취소해주새요", Sense.CANCEL),
        ("롤벡해줘", Sense.ROLLBACK),
        ("instal해줘", Sense.INSTALL),
        ("unistall해줘", Sense.UNINSTALL),
    ],
)
def test_a_slip_of_one_letter(word: str, sense: Sense) -> None:
    found = guessed_verb(word)

    assert verb_in(word) is None
    assert found is not None
    assert found[0] is sense


@pytest.mark.parametrize("word", ["셜취헤줘", "사과해줘", "소개해줘", "kbo해줘"])
def test_two_letters_are_no_slip(word: str) -> None:
    assert guessed_verb(word) is None


def test_syllables_are_taken_apart() -> None:
    assert letters("설치했ㅋ ok") == "ㅅㅓㄹㅊㅣㅎㅐㅆㅋ ok"


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("abc", "abc", False),
        ("abc", "abd", True),
        ("abc", "ab", True),
        ("abc", "abcd", True),
        ("abc", "acb", True),
        ("abc", "cba", False),
        ("abc", "a", False),
        ("", "a", True),
    ],
)
def test_one_letter_apart(one: str, other: str, apart: bool) -> None:  # noqa: FBT001 - what is expected
    assert one_letter_apart(one, other) is apart
    assert one_letter_apart(other, one) is apart


def test_a_stem_has_its_shapes() -> None:
    assert {form for form, shape in shapes("지우") if shape == "full"} == {letters("지워"), letters("지우어")}
    assert {form for form, shape in shapes("깔") if shape == "open"} == {letters("깔"), letters("까")}


@pytest.mark.parametrize(
    ("tail", "role"),
    [
        ("", Role.NONE),
        ("를", Role.OBJECT),
        ("에다가", Role.PLACE),
        ("에만", Role.PLACE),
        ("에서는", Role.FROM),
        ("으로", Role.TOWARD),
        ("이랑", Role.JOINED),
        ("나", Role.OR),
        ("만빼고", Role.EXCEPTED),
        ("이라는", Role.NAMED),
        ("해줘", None),
        ("가나다", None),
    ],
)
def test_a_particle(tail: str, role: Role | None) -> None:
    assert role_of(tail) is role


def test_the_longest_particle_is_cut_off_first() -> None:
    assert bare("클로드에서는")[0] == ("클로드", Role.FROM)
    assert bare("클로드에서는")[-1] == ("클로드에서는", Role.NONE)


SYLLABLES: Final = "가나다라마바사아자차카타파하거너더러머버서어저노도로모보소오조구누두루무부수우주그느드르기니디리미비시이지대데개게중건전단한형음후진행"


def test_no_word_that_nobody_knows_is_lost() -> None:
    """Where a place stands behind it, it is a name, or the whole is asked about."""
    chance = random.Random(7)  # noqa: S311 - words, not secrets
    for _ in range(300):
        word = "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 4)))
        said = hear(f"pdf claude, {word}에 설치해줘")
        named = {name.text for pick in (said.skills, said.providers, said.either) for name in pick.names}
        assert named - {"pdf", "claude"} or said.unsure or said.polite or not said.action.changes, word
