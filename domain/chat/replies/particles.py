"""Korean particles, which depend on how the word before them ends when it is read aloud: 스킬을, kbo-results를, v3을, v4를."""

import re
from enum import Enum
from typing import Final


class Particle(Enum):
    """After a final consonant, after a vowel."""

    OBJECT = ("을", "를")
    SUBJECT = ("이", "가")
    TOPIC = ("은", "는")
    AND = ("과", "와")
    CALLED = ("이라는", "라는")


class Ending(Enum):
    VOWEL = "vowel"
    CONSONANT = "consonant"
    UNKNOWN = "unknown"


HANGUL_FIRST: Final = 0xAC00
HANGUL_LAST: Final = 0xD7A3
FINALS: Final = 28
# 영 일 이 삼 사 오 육 칠 팔 구; what ends with 0 is read 십, 백, 천, 만.
DIGITS_WITH_FINAL: Final = frozenset("013678")
LAST_RUN: Final = re.compile(r"([가-힣]+|[A-Za-z]+|[0-9]+|\w)[\W_]*$")
# As such words are written in Hangul: the first form that fits counts. Words without a vowel are spelled out.
ENDINGS: Final[tuple[tuple[re.Pattern[str], Ending], ...]] = (
    (re.compile(r"^(?:ip|it|ab)$|check$"), Ending.VOWEL),
    (re.compile(r"le?$|[mn]$|ng$|[aeiouy].*[mn]e$"), Ending.CONSONANT),
    (re.compile(r"(?:^|[^aeiouy])[aeiouy](?:p|t|c|ck)$|[^aeiouy]ook$|[aeo]b$|type$"), Ending.CONSONANT),
    (re.compile(r"$"), Ending.VOWEL),
)
SPELLED: Final = re.compile(r"[^aeiouy]+")


def followed(word: str, particle: Particle) -> str:
    """The word with its particle; with both forms where nobody can tell how it is read."""
    consonant, vowel = particle.value
    match _ending_of(word):
        case Ending.CONSONANT:
            return word + consonant
        case Ending.VOWEL:
            return word + vowel
        case Ending.UNKNOWN:
            return f"{word}{consonant}({vowel})"


def _ending_of(word: str) -> Ending:
    match = LAST_RUN.search(word)
    if match is None:
        return Ending.UNKNOWN
    run = match[1].lower()
    if HANGUL_FIRST <= ord(run[-1]) <= HANGUL_LAST:
        return Ending.CONSONANT if (ord(run[-1]) - HANGUL_FIRST) % FINALS else Ending.VOWEL
    if not run.isascii():
        return Ending.UNKNOWN
    if run.isdigit():
        return Ending.CONSONANT if run[-1] in DIGITS_WITH_FINAL else Ending.VOWEL
    if SPELLED.fullmatch(run):
        return Ending.CONSONANT if run[-1] in "lmn" else Ending.VOWEL
    return next(ending for form, ending in ENDINGS if form.search(run))
