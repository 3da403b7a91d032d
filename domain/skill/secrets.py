"""What looks like somebody's credential: the forms of keys that are worth stealing, each found by how it begins."""

import re
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from domain.access.key import read_key

REDACTED: Final = b"[redacted]"
# What stands in documentation is no secret: too few different characters, or words that no generator writes.
DIFFERENT_CHARACTERS_MIN: Final = 8
MADE_UP: Final = re.compile(rb"(?i)example|xxxx|12345|abcdef|0000|your|redacted|placeholder|dummy|fake|_key|-key|\*{3}")


class SecretForm(Struct, frozen=True, kw_only=True):
    """`marks`: how it may begin, to find it fast; `pattern` is then matched at that place."""

    what: str
    marks: tuple[bytes, ...]
    pattern: re.Pattern[bytes]
    is_real: Callable[[bytes], bool]


def _varied(text: bytes) -> bool:
    return len(set(text)) >= DIFFERENT_CHARACTERS_MIN and not MADE_UP.search(text)


def _random(text: bytes) -> bool:
    """Words with hyphens between them may look like a key of this form too."""
    return _varied(text) and all(re.search(kind, text[3:]) for kind in (rb"[A-Z]", rb"[a-z]", rb"\d"))


def _ours(text: bytes) -> bool:
    return read_key(text.decode()) is not None


def _always(text: bytes) -> bool:
    return bool(text)


FORMS: Final = (
    SecretForm(
        what="an Anthropic key",
        marks=(b"sk-ant-",),
        pattern=re.compile(rb"sk-ant-[A-Za-z0-9_-]{32,250}"),
        is_real=_random,
    ),
    SecretForm(
        what="an OpenAI key",
        marks=(b"sk-",),
        pattern=re.compile(rb"sk-(?!ant-)[A-Za-z0-9_-]{32,250}"),
        is_real=_random,
    ),
    SecretForm(
        what="a Google key",
        marks=(b"AIza",),
        pattern=re.compile(rb"AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
        is_real=_varied,
    ),
    SecretForm(
        what="an AWS access key id",
        marks=(b"AKIA", b"ASIA"),
        pattern=re.compile(rb"A[KS]IA[A-Z2-7]{16}(?![A-Za-z0-9])"),
        is_real=_varied,
    ),
    SecretForm(
        what="a GitHub token",
        marks=(b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_"),
        pattern=re.compile(rb"gh[pousr]_[A-Za-z0-9]{36,250}|github_pat_[A-Za-z0-9_]{60,250}"),
        is_real=_varied,
    ),
    SecretForm(
        what="a GitLab token",
        marks=(b"glpat-",),
        pattern=re.compile(rb"glpat-[A-Za-z0-9_-]{20,100}"),
        is_real=_varied,
    ),
    SecretForm(
        what="a Slack token",
        marks=(b"xox",),
        pattern=re.compile(rb"xox[abeoprs]-[A-Za-z0-9-]{20,250}"),
        is_real=_varied,
    ),
    SecretForm(
        what="a Stripe key",
        marks=(b"sk_live_", b"rk_live_"),
        pattern=re.compile(rb"[rs]k_live_[A-Za-z0-9]{20,250}"),
        is_real=_varied,
    ),
    SecretForm(
        what="a Hugging Face token",
        marks=(b"hf_",),
        pattern=re.compile(rb"hf_[A-Za-z]{34}(?![A-Za-z0-9])"),
        is_real=_varied,
    ),
    SecretForm(
        what="a key of Waybill",
        marks=(b"wb_",),
        pattern=re.compile(rb"wb_[a-z0-9]{4,32}_[0-9A-Za-z]{49}(?![0-9A-Za-z])"),
        is_real=_ours,
    ),
    SecretForm(
        what="a private key",
        marks=(b"-----BEGIN ",),
        # A heading alone is documentation. In JSON and in code, line ends stand as `\n`.
        pattern=re.compile(
            rb"-----BEGIN (?:[A-Z0-9]{1,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr]){1,4}"
            rb"(?:[A-Za-z-]{1,30}: [^\n]{0,100}\n\s{0,4}){0,4}[A-Za-z0-9+/=]{32}"
        ),
        is_real=_always,
    ),
)


def redacted(text: str) -> str:
    """The text without what has the form of a secret, made up or not."""
    content = text.encode(errors="replace")
    for form in FORMS:
        content = form.pattern.sub(REDACTED, content)
    return content.decode(errors="replace")
