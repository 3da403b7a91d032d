"""What a reviewer should know of a bundle and nothing refuses: hidden text, a second SKILL.md, tools that it asks for."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from domain.skill.events import Finding
from domain.skill.paths import is_nested_skill_md
from domain.skill.refusals import quoted
from domain.skill.specification import SKILL_MD, Entry

FINDINGS_MAX: Final = 100
SEVERITIES: Final = ("critical", "warning", "info")

_TAGS = "\U000e0000-\U000e007f"
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_BESIDE_JOINER = r"[^\x00-\x7f\u200b-\u200d\u2060-\u2064\ufeff]"

# Joiners belong to emoji and to many scripts: they are hidden only beside ASCII or beside each other.
HIDDEN: Final = (
    ("critical", "a Unicode tag, which carries text that nobody sees", re.compile(f"[{_TAGS}]")),
    (
        "critical",
        "a bidirectional override, which shows text in another order than it is read",
        re.compile("[\u202a-\u202e\u2066-\u2069]"),
    ),
    (
        "critical",
        "variation selectors in a row, which carry data that nobody sees",
        re.compile(f"[{_SELECTORS}]{{2}}"),
    ),
    (
        "warning",
        "a zero-width character, which splits words unseen",
        re.compile(
            f"[\u200b\u2060-\u2064\ufeff]|(?<!{_BESIDE_JOINER})[\u200c\u200d]|[\u200c\u200d](?!{_BESIDE_JOINER})"
        ),
    ),
)

# The only emoji that are made of tags. A looser exemption (any flag, any tags) is a way around the rule.
FLAG: Final = "\U0001f3f4"
_SUBDIVISION_FLAGS = re.compile(
    "|".join(
        FLAG + "".join(chr(0xE0000 + ord(letter)) for letter in name) + "\U000e007f"
        for name in ("gbeng", "gbsct", "gbwls")
    )
)


def hidden_unicode(text: str, *, path: str, where: str) -> tuple[Finding, ...]:
    """One finding a kind of hidden character, about its first place; `where` says which text of the file this is."""
    return hidden_in_pieces([(1, text)], path=path, where=where)


def hidden_in_pieces(pieces: Iterable[tuple[int, str]], *, path: str, where: str) -> tuple[Finding, ...]:
    """The same for a text that comes in pieces, each with the number of its first line."""
    found: list[Finding] = []
    wanted = list(HIDDEN)
    for first_line, piece in pieces:
        text = _SUBDIVISION_FLAGS.sub("", piece) if FLAG in piece else piece
        for kind in list(wanted) if not text.isascii() else ():
            severity, what, pattern = kind
            if match := pattern.search(text):
                wanted.remove(kind)
                line = first_line + text.count("\n", 0, match.start())
                message = f"Line {line} of {where} has U+{ord(match[0][0]):04X}, {what}."
                found.append(Finding(code="hidden_unicode", severity=severity, path=path, message=message))
    return tuple(found)


def nested_skill_md(paths: Iterable[str]) -> tuple[Finding, ...]:
    """OpenAI takes exactly one SKILL.md, however it is spelled; elsewhere a nested one may load as a skill of its own."""
    return tuple(
        Finding(
            code="nested_skill_md",
            severity="warning",
            path=path,
            message="A second SKILL.md: OpenAI refuses a skill that has one, others may load it as a skill of its own.",
        )
        for path in paths
        if is_nested_skill_md(path)
    )


def tools_allowed(entries: Iterable[Entry]) -> tuple[Finding, ...]:
    """What clients that know the key let the skill do without asking."""
    return tuple(
        Finding(
            code="tools_allowed",
            severity="info",
            path=SKILL_MD,
            message=f"Line {entry.line}: clients may let it use {quoted(entry.value)} without asking.",
        )
        for entry in entries
        if entry.key == "allowed-tools" and isinstance(entry.value, str) and entry.value.strip()
    )


def bounded(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The gravest first, so that no number of small ones can push a grave one out."""
    ranked = sorted(findings, key=lambda finding: (SEVERITIES.index(finding.severity), finding.path))
    if len(ranked) <= FINDINGS_MAX:
        return tuple(ranked)
    left = len(ranked) - FINDINGS_MAX + 1
    more = Finding(code="more_findings", severity="info", path="", message=f"{left} further findings are not listed.")
    return (*ranked[: FINDINGS_MAX - 1], more)
