"""A message in one form: composed, of one width, in lower case, with plain quotes and dashes and nothing that cannot be seen."""

import re
import unicodedata
from typing import Final

HANGUL: Final = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3"
HANGUL_LETTER: Final = re.compile(f"[{HANGUL}]")
QUOTED_CHARS_MAX: Final = 100

# What is inside quotes: the double ones, or single ones that do not stand inside a word.
QUOTE: Final = re.compile(
    rf'"[^"\n]{{1,{QUOTED_CHARS_MAX}}}"|(?<!\w)\'[^\'"\n]{{1,{QUOTED_CHARS_MAX}}}(?<!\s)\'(?![a-z0-9])'
)

_REPLACED: Final = str.maketrans(
    {
        **dict.fromkeys(
            "\u201c\u201d\u201e\u201f\u00ab\u00bb\u300c\u300d\u300e\u300f\u3008\u3009\u300a\u300b\uff02`", '"'
        ),
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4\u02bc\uff07", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys("\u2014\u2015", " - "),
        **dict.fromkeys("\u115f\u1160\u3164\uffa0", " "),
        "\u3002": ".",
        "\u3001": ",",
        "\u00b7": ",",
        "\u2026": "...",
        "\u2022": "-",
    }
)
_SPACES: Final = re.compile(r"[^\S\n]+")
_LINES: Final = re.compile(r" ?\n[ \n]*")
# Kinds of characters that are taken out: what only steers the display, and what a broken encoding leaves behind.
_UNSEEN: Final = frozenset({"Cf", "Cs", "Co", "Cn"})
_WIDTHS: Final = ("<wide> ", "<narrow> ", "<font> ")


def normalise(text: str) -> str:
    """Single jamo (`ㅇㅇ`) stay what they are, which NFKC would not leave so. Line breaks stay, one at a time."""
    replaced = "".join(_plain(character) for character in text.translate(_REPLACED))
    lowered = unicodedata.normalize("NFC", replaced).translate(_REPLACED).lower()
    return _LINES.sub("\n", _SPACES.sub(" ", lowered)).strip()


def _plain(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    if character == "\n" or unicodedata.category(character) == "Zl":
        return "\n"
    if character.isspace() or unicodedata.category(character) == "Cc":
        return " "
    if unicodedata.category(character) in _UNSEEN or "\ufe00" <= character <= "\ufe0f":
        return ""
    decomposition = unicodedata.decomposition(character)
    if decomposition.startswith(_WIDTHS) and " " not in (code := decomposition.split(" ", 1)[1]):
        return chr(int(code, 16))
    return character
