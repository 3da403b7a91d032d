"""What somebody typed into the chat without what looks like a secret, before anything of it is kept or looked at.

Names, refs, ids and digests stay as they are, however long: what is lower case with hyphens, or hex, is no secret here.
"""

import re
from itertools import pairwise
from typing import Final

from domain.skill.secrets import FORMS, REDACTED

MARK: Final = REDACTED.decode()
VALUE_CHARS_MIN: Final = 4
BEARER_CHARS_LONG: Final = 20
# Three kinds of characters in one word of this length, or one kind of letters and digits in this one, and well mixed.
MIXED_CHARS_MIN: Final = 20
PLAIN_CHARS_MIN: Final = 32
CHANGES_MIN: Final = 0.25

LABEL: Final = (
    r"(?:pass(?:word|wd|phrase|code)|passwd|pwd?|secrets?|tokens?|api[ _-]?keys?|access[ _-]?keys?|secret[ _-]?keys?|credentials?"
    r"|비밀 ?번호|비번|암호|패스워드|토큰|시크릿|자격 ?증명|인증 ?키|(?:api|비밀|액세스) ?키)"
)
# The part of a name is no label: `token-counter`, and `my-token`, but `db_password` and `client_secret` are.
BEFORE: Final = r"(?<![A-Za-z0-9-])"
ASSIGNED: Final = re.compile(
    rf"(?i)({BEFORE}{LABEL}[\"']?\s{{0,3}}[:=：＝]\s{{0,3}})(\"[^\"]{{1,500}}\"|'[^']{{1,500}}'|“[^”]{{1,500}}”|\S+)"  # noqa: RUF001 - full-width ones are typed, too
)
SPOKEN: Final = re.compile(
    rf"(?i)({BEFORE}{LABEL}(?:\s{{1,3}}(?:is|was|to)|는|은|를|을|가|이)?\s{{1,3}}[\"'“]?)([!-~]{{{VALUE_CHARS_MIN},500}})"
)
AUTHORIZATION: Final = re.compile(
    r"(?i)(authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:[a-z]{3,20}\s{1,3})?)([^\s\"']+)"
)
BEARER: Final = re.compile(r"(?i)(\bbearer\s{1,3})([A-Za-z0-9._~+/=-]{8,500})")
USER_INFO: Final = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]{1,20}://)[^\s/@]{1,500}@")
WORD: Final = re.compile(r"[A-Za-z0-9_+/=~.-]{20,}")
PIECE: Final = re.compile(r"[A-Za-z0-9]+")
NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
NAME_AND_REF: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+(@[a-z0-9:.-]+)?")
PUNCTUATION: Final = ".,;:!?)"
HEX: Final = re.compile(r"[0-9a-f]+|[0-9A-F]+")
# Words with hyphens may hold what a key begins with: `task-...`.
KEYS: Final = [re.compile(rb"(?<![A-Za-z0-9])(?:%s)" % form.pattern.pattern) for form in FORMS]


def without_secrets(text: str) -> str:
    """Equal texts give equal ones, and what has been through it once comes through unchanged."""
    content = text.encode(errors="replace")
    for key in KEYS:
        content = key.sub(_unless_a_name, content)
    text = content.decode()
    text = USER_INFO.sub(rf"\1{MARK}@", text)
    text = AUTHORIZATION.sub(rf"\1{MARK}", text)
    text = ASSIGNED.sub(rf"\1{MARK}", text)
    text = BEARER.sub(lambda match: match[1] + _bearer(match[2]), text)
    text = SPOKEN.sub(lambda match: match[1] + _spoken(match[2]), text)
    return WORD.sub(lambda match: MARK if _random(match[0]) else match[0], text)


def _unless_a_name(match: re.Match[bytes]) -> bytes:
    word = match[0].decode()
    return match[0] if NAME.fullmatch(word) and not _random(word) else REDACTED


def _bearer(value: str) -> str:
    return MARK if len(value) >= BEARER_CHARS_LONG or re.search(r"\d", value) else value


def _spoken(value: str) -> str:
    """After `password` without anything between them there may as well come the next word of the sentence."""
    word = value.rstrip(PUNCTUATION)
    if word.startswith(MARK) or HEX.fullmatch(word) or NAME_AND_REF.fullmatch(word):
        return value
    letters, digits = re.search(r"[A-Za-z]", word), re.search(r"\d", word)
    odd = re.search(r"[!#$%^&*+=~]|[a-z][A-Z]", word)
    return MARK + value[len(word) :] if (letters and digits) or odd else value


def _random(word: str) -> bool:
    """Whether nobody would think of it: lower case, upper case and digits take turns in it."""
    pieces = [piece for piece in PIECE.findall(word) if not HEX.fullmatch(piece)]
    chars = "".join(pieces)
    if all(re.search(kind, chars) for kind in ("[a-z]", "[A-Z]", "[0-9]")):
        return len(chars) >= MIXED_CHARS_MIN and _changing(pieces)
    return _changing([piece for piece in pieces if len(piece) >= PLAIN_CHARS_MIN])


def _changing(pieces: list[str]) -> bool:
    """How often the kind of character changes within them, but for a capital at the beginning of a word."""
    changes = sum(
        _kind(left) != _kind(right) and not (left.isupper() and right.islower())
        for piece in pieces
        for left, right in pairwise(piece)
    )
    return bool(pieces) and changes >= CHANGES_MIN * sum(map(len, pieces))


def _kind(char: str) -> str:
    return "digit" if char.isdigit() else "upper" if char.isupper() else "lower"
