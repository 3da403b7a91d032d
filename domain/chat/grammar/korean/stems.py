"""How the stem of a verb looks before its endings: 지우, 지우 and 지워; 깔, 까 and 깔아; 하, 하 and 해."""

from functools import cache
from typing import Final, Literal

from domain.chat.grammar.korean.jamo import is_vowel, letters

# Before 고, 지 and the like; before endings that open with 으 where they need it (ㄴ, ㄹ, 면, 세요); before 아 or 어 (줘, 요, ㅆ).
Shape = Literal["plain", "open", "full"]

_CONTRACTED: Final = {
    "ㅣ": "ㅕ",
    "ㅜ": "ㅝ",
    "ㅗ": "ㅘ",
    "ㅚ": "ㅙ",
    "ㅡ": "ㅓ",
    "ㅏ": "ㅏ",
    "ㅓ": "ㅓ",
    "ㅕ": "ㅕ",
    "ㅐ": "ㅐ",
    "ㅔ": "ㅔ",
}
_BRIGHT: Final = "ㅏㅗ"
# Those that follow no rule, by what they have instead of an ending in 아 or 어.
_IRREGULAR: Final = {
    "하": ("해", "하여"),
    "무르": ("물러",),
    "돕": ("도와",),
    "싣": ("실어",),
}
_OPEN_IRREGULAR: Final = {"돕": ("도우",), "싣": ("실으",)}
# What people write as often as the right way.
_MISSPELT: Final = {"되": ("되",)}


@cache
def shapes(stem: str) -> tuple[tuple[str, Shape], ...]:
    """Every shape of it, in letters."""
    plain: tuple[tuple[str, Shape], ...] = ((letters(stem), "plain"),)
    return plain + tuple((form, "open") for form in _open(stem)) + tuple((form, "full") for form in _full(stem))


def _open(stem: str) -> tuple[str, ...]:
    if stem in _OPEN_IRREGULAR:
        return tuple(letters(form) for form in _OPEN_IRREGULAR[stem])
    base = letters(stem)
    if is_vowel(base[-1]):
        return (base,)
    return (base, base[:-1]) if base[-1] == "ㄹ" else (base + "ㅇㅡ",)


def _full(stem: str) -> tuple[str, ...]:
    for irregular, forms in _IRREGULAR.items():
        if stem.endswith(irregular):
            return tuple(letters(stem.removesuffix(irregular) + form) for form in forms)
    base = letters(stem)
    last_vowel = next(letter for letter in reversed(base) if is_vowel(letter))
    long = base + ("ㅇㅏ" if last_vowel in _BRIGHT else "ㅇㅓ")
    misspelt = tuple(letters(form) for form in _MISSPELT.get(stem, ()))
    if not is_vowel(base[-1]):
        return (long,)
    contracted = (base[:-1] + _CONTRACTED[base[-1]],) if base[-1] in _CONTRACTED else ()
    return (*contracted, long, *misspelt)
