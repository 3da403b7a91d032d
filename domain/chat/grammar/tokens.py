"""The words of a message, and what stands between them, with their places."""

import re
from enum import StrEnum
from itertools import pairwise
from typing import Final

from msgspec import Struct

from domain.chat.grammar.text import HANGUL, QUOTE

ENDS: Final = frozenset({".", "?", "!"})


class Kind(StrEnum):
    """`id` is how the id of a run begins, or all of it: 8 hexadecimal digits or more, one of 0 to 9 among them. `mention` is
    `@somebody` that stands alone (the bot, a person; or a ref that somebody wrote apart from its name). `mark` is everything that
    is not a word.
    """

    WORD = "word"
    QUOTED = "quoted"
    ID = "id"
    MENTION = "mention"
    MARK = "mark"


class Token(Struct, frozen=True, kw_only=True):
    r"""`text` is in lower case and without quotes; that of an id is as in a written UUID, with its hyphens.

    `ref` is what follows an `@` without a space (`kbo-results@stable`), of words and quoted names.

    `tail` are the Hangul letters that hang on to what ends in another script or in a quote: `kbo-results를` is the text
    `kbo-results` and the tail `를`, `오픈ai에` is `오픈ai` and `에`, `kbo-results@stable을` has the ref `stable` and the tail `을`,
    `3버전` is `3` and `버전`, `install해줘` is `install` and `해줘`. A word of Hangul letters alone (`설치해줘`, `클로드에`) has no tail,
    and neither has one whose ref is of Hangul letters (`kbo-results@최신으로`). Where Hangul goes over into another script behind
    such a tail, a new token begins (`kbo-results를openai에` is two).

    Of marks, several ends of a sentence are one, a question mark if there is one among them; a line break is `\n`; an emoji, also
    one written `:rocket:` or `:)`, is a mark as it stands, and so is what was put in place of a secret. `start` and `end` are places in the normalised text: what follows
    without a space begins where this ends.
    """

    kind: Kind
    text: str
    start: int
    end: int
    ref: str | None = None
    tail: str = ""

    @property
    def is_name(self) -> bool:
        """Whether this is a name wherever it stands: it is quoted, has a ref, or a hyphen between letters or digits."""
        return self.kind is Kind.QUOTED or (self.kind is Kind.WORD and (self.ref is not None or "-" in self.text))

    @property
    def ends_sentence(self) -> bool:
        return self.kind is Kind.MARK and self.text in ENDS


_LETTER: Final = rf"[^\W_{HANGUL}]"
_FOREIGN: Final = rf"{_LETTER}+(?:[-_.']+{_LETTER}+)*"
_TOKEN: Final = re.compile(
    rf"""
    (?P<redacted>\[redacted\])
    |(?P<emoji>(?<![\w"']):[a-z][a-z0-9_+-]*:(?![\w"'])|(?<!\w)[:;]-?[()dp](?!\w)|<3(?!\w))
    |<?(?<!\w)@(?P<mention>{_FOREIGN})>?
    |(?:(?P<quoted>{QUOTE.pattern})|(?P<word>[{HANGUL}]*{_FOREIGN}))
        (?:@(?P<ref>{_FOREIGN}(?::{_FOREIGN})?|[{HANGUL}]+))?
        (?P<tail>[{HANGUL}]*)
    |(?P<hangul>[{HANGUL}]+)(?:@(?P<hangul_ref>{_FOREIGN}))?(?P<hangul_tail>[{HANGUL}]*)
    |(?P<end>[.?!]+)
    |(?P<mark>\n|[^\s\w])
    """,
    re.VERBOSE,
)
_ID: Final = re.compile(
    r"(?=.*[0-9])(?:[0-9a-f]{8,32}|[0-9a-f]{8}-(?:[0-9a-f]{1,4}|(?:[0-9a-f]{4}-){1,2}[0-9a-f]{1,4}|(?:[0-9a-f]{4}-){3}[0-9a-f]{1,12}))"
)
_GROUPS: Final = (8, 12, 16, 20)


def tokens_of(text: str) -> tuple[Token, ...]:
    """Of a normalised text. Every character but spaces and single underscores is in one of them."""
    return tuple(_token(match) for match in _TOKEN.finditer(text))


def _token(match: re.Match[str]) -> Token:
    start, end, groups = match.start(), match.end(), match.groupdict()
    if groups["redacted"] or groups["emoji"] or groups["mark"]:
        return Token(kind=Kind.MARK, text=match[0], start=start, end=end)
    if marks := groups["end"]:
        text = next(mark for mark in ("?", "!", ".") if mark in marks)
        return Token(kind=Kind.MARK, text=text, start=start, end=end)
    if mention := groups["mention"]:
        return Token(kind=Kind.MENTION, text=mention, start=start, end=end)
    if hangul := groups["hangul"]:
        ref, tail = groups["hangul_ref"], groups["hangul_tail"]
        return Token(kind=Kind.WORD, text=hangul, ref=ref, tail=tail, start=start, end=end)
    ref, tail = groups["ref"], groups["tail"]
    if quoted := groups["quoted"]:
        text = " ".join(quoted[1:-1].split())
        return Token(kind=Kind.QUOTED, text=text, ref=ref, tail=tail, start=start, end=end)
    word = groups["word"]
    if ref is None and _ID.fullmatch(word):
        return Token(kind=Kind.ID, text=_as_uuid(word), tail=tail, start=start, end=end)
    return Token(kind=Kind.WORD, text=word, ref=ref, tail=tail, start=start, end=end)


def _as_uuid(word: str) -> str:
    digits = word.replace("-", "")
    cuts = (0, *(at for at in _GROUPS if at < len(digits)), len(digits))
    return "-".join(digits[begin:end] for begin, end in pairwise(cuts))
