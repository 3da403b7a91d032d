"""Hangul as the letters it is made of, where endings melt into the syllable before them (해 and ㅆ are 했)."""

from functools import lru_cache
from typing import Final

_SYLLABLES_FROM: Final = 0xAC00
_SYLLABLES_TO: Final = 0xD7A3
_LETTERS_FROM: Final = 0x3131
_LETTERS_TO: Final = 0x3163
_INITIALS: Final = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS: Final = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS: Final[tuple[str, ...]] = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_CACHED_MAX: Final = 4096


@lru_cache(maxsize=_CACHED_MAX)
def letters(text: str) -> str:
    """Syllables taken apart, everything else as it is: 설치해 is ㅅㅓㄹㅊㅣㅎㅐ."""
    return "".join(_taken_apart(char) for char in text)


def is_hangul(char: str) -> bool:
    """A syllable, or a letter that stands alone as in ㄱㄱ."""
    return _is_syllable(char) or _LETTERS_FROM <= ord(char) <= _LETTERS_TO


def is_vowel(letter: str) -> bool:
    return letter in _VOWELS


def one_letter_apart(one: str, other: str) -> bool:
    """Whether two rows of letters differ by one that is other, missing or too many, or by two neighbours that changed places."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    left, right = one[start:], other[start:]
    if len(left) == len(right):
        swapped = left[:2] == right[1::-1] and left[2:] == right[2:]
        return left[1:] == right[1:] or swapped
    return left[1:] == right or left == right[1:]


def _is_syllable(char: str) -> bool:
    return _SYLLABLES_FROM <= ord(char) <= _SYLLABLES_TO


def _taken_apart(char: str) -> str:
    if not _is_syllable(char):
        return char
    rest, final = divmod(ord(char) - _SYLLABLES_FROM, len(_FINALS))
    initial, vowel = divmod(rest, len(_VOWELS))
    return _INITIALS[initial] + _VOWELS[vowel] + _FINALS[final]
