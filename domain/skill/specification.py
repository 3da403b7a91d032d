"""What the Agent Skills specification asks of a skill: one SKILL.md at the root, and what its frontmatter may say."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from domain.skill.bundle import SourceFile
from domain.skill.events import Finding
from domain.skill.refusals import quoted, refusal

SKILL_MD: Final = "SKILL.md"
NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Escapes in YAML can put these where no editor would: terminals obey them, databases and JSON refuse them.
UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

Kind = Literal["a boolean", "a number", "a date", "nothing", "a list", "a special value"]


class NotText(Struct, frozen=True, kw_only=True):
    """What YAML reads as something other than text; `written` is how a scalar stands in the file, None for a list."""

    kind: Kind
    written: str | None = None


class Entry(Struct, frozen=True, kw_only=True):
    """A key of the frontmatter with its value, at a line of SKILL.md counted from 1; a map's value are its entries."""

    key: str | NotText
    value: "Value"
    line: int


Value: TypeAlias = str | NotText | tuple[Entry, ...]


class TextRule(Struct, frozen=True, kw_only=True):
    required: bool = False
    may_be_blank: bool = True
    characters_max: int | None = None


TEXT_RULES: Final = {
    "name": TextRule(required=True, may_be_blank=False, characters_max=64),
    "description": TextRule(required=True, may_be_blank=False, characters_max=1024),
    "compatibility": TextRule(may_be_blank=False, characters_max=500),
    "license": TextRule(),
    "allowed-tools": TextRule(),
}


class Properties(Struct, frozen=True, kw_only=True):
    name: str
    description: str
    findings: tuple[Finding, ...]


def find_skill_md(files: Sequence[SourceFile], *, pointer: str = "/files") -> SourceFile:
    """The one at the root. Raises SkillInvalid with advice for the usual mistakes: another case, one folder too many.

    `pointer` is where the request holds all files.
    """
    spelled = [file for file in files if file.path.casefold() == SKILL_MD.casefold()]
    if spelled and spelled[0].path == SKILL_MD:
        return spelled[0]
    if spelled:
        raise refusal(spelled[0].path_pointer, f"The file {quoted(spelled[0].path)} must be spelled `{SKILL_MD}`.")
    nested = [file.path for file in files if file.path.rpartition("/")[2] == SKILL_MD]
    advice = f" Paths are relative to the skill's folder: `{SKILL_MD}`, not {quoted(nested[0])}." if nested else ""
    raise refusal(pointer, f"There is no `{SKILL_MD}` at the root of the skill.{advice}")


def check_frontmatter(entries: Sequence[Entry], *, pointer: str) -> Properties:
    """Raises SkillInvalid with every rule that is broken; `pointer` is where the request has SKILL.md."""
    messages = [message for entry in entries for message in _faults(entry)]
    present = {entry.key for entry in entries}
    messages += [
        f"The frontmatter has no `{key}`." for key, rule in TEXT_RULES.items() if rule.required and key not in present
    ]
    if messages:
        raise refusal(pointer, *messages)
    texts = {entry.key: entry.value for entry in entries if isinstance(entry.value, str)}
    return Properties(
        name=texts["name"],
        description=texts["description"].strip(),
        findings=tuple(finding for entry in entries for finding in _findings(entry)),
    )


def _faults(entry: Entry) -> Iterator[str]:
    if entry.key == "metadata":
        yield from _metadata_faults(entry)
    elif isinstance(entry.key, str) and entry.key in TEXT_RULES and not _is_tool_list(entry):
        fault = _text_fault(entry.value, TEXT_RULES[entry.key]) or _name_fault(entry)
        if fault:
            yield f"Line {entry.line}: `{entry.key}` {fault}."


def _metadata_faults(entry: Entry) -> Iterator[str]:
    if not isinstance(entry.value, tuple):
        yield f"Line {entry.line}: `metadata` must be a map of text to text."
        return
    for inner in entry.value:
        for text in (inner.key, inner.value):
            if isinstance(text, str) and (fault := _text_fault(text, TextRule())):
                yield f"Line {inner.line}: {quoted(text)} in `metadata` {fault}."


def _text_fault(value: Value, rule: TextRule) -> str | None:
    if isinstance(value, NotText):
        return _not_text(value)
    if isinstance(value, tuple):
        return "must be text, and is a map"
    if not rule.may_be_blank and not value.strip():
        return "must not be empty"
    if rule.characters_max is not None and len(value) > rule.characters_max:
        return f"has {len(value)} characters, and {rule.characters_max} is the most"
    if UNPRINTABLE.search(value):
        return "holds a control character or half of a surrogate pair"
    return None


def _not_text(value: NotText) -> str:
    if value.written is None:
        return f"must be text, and is {value.kind}"
    if not value.written:
        return "has no value"
    return f"is {value.kind} to YAML: put {quoted(value.written)} in quotes"


def _name_fault(entry: Entry) -> str | None:
    if entry.key != "name" or not isinstance(entry.value, str) or NAME.fullmatch(entry.value):
        return None
    return f"is {quoted(entry.value)}, and takes only a-z, 0-9 and single hyphens between them"


def _is_tool_list(entry: Entry) -> bool:
    return entry.key == "allowed-tools" and isinstance(entry.value, NotText) and entry.value.kind == "a list"


def _findings(entry: Entry) -> Iterator[Finding]:
    if _is_tool_list(entry):
        message = (
            f"Line {entry.line}: `allowed-tools` is a list; the specification has one text with spaces between tools."
        )
        yield Finding(code="allowed_tools_list", severity="warning", path=SKILL_MD, message=message)
    if entry.key == "metadata" and isinstance(entry.value, tuple):
        yield from _metadata_findings(entry.value)
    known = entry.key == "metadata" or entry.key in TEXT_RULES
    if not known:
        key = entry.key if isinstance(entry.key, str) else entry.key.written or ""
        message = (
            f"Line {entry.line}: {quoted(key)} is no key of the specification; clients differ in what they make of it."
        )
        yield Finding(code="unknown_key", severity="warning", path=SKILL_MD, message=message)


def _metadata_findings(entries: tuple[Entry, ...]) -> Iterator[Finding]:
    """Half the skills in the world have `version: 1.0` here, and every client takes it."""
    for inner in entries:
        for text in (inner.key, inner.value):
            if not isinstance(text, str):
                fault = _not_text(text) if isinstance(text, NotText) else "must be text, and is a map"
                message = f"Line {inner.line}: what stands in `metadata` {fault}."
                yield Finding(code="metadata_not_text", severity="warning", path=SKILL_MD, message=message)
