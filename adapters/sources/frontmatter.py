"""Reads the YAML at the top of SKILL.md, as strictly as a file must be read that other people's parsers read too."""

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml
from yaml.composer import ComposerError
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from domain.skill.refusals import quoted, refusal
from domain.skill.specification import Entry, Kind, NotText, Value

FRONTMATTER_CHARACTERS_MAX: Final = 16 * 1024
DEPTH_MAX: Final = 8
REASON_CHARACTERS_MAX: Final = 200
FENCE: Final = "---"
FIRST_LINE: Final = 2  # of the YAML: line 1 is the fence
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# YAML takes no control characters, and parsers differ on what ends a line beside LF and CRLF.
REFUSED_CHARACTER: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")

TAG_KINDS: Final[dict[str, Kind]] = {
    "tag:yaml.org,2002:bool": "a boolean",
    "tag:yaml.org,2002:int": "a number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:timestamp": "a date",
    "tag:yaml.org,2002:null": "nothing",
}
TEXT_TAG: Final = "tag:yaml.org,2002:str"
MERGE_TAG: Final = "tag:yaml.org,2002:merge"


def decode(content: bytes, *, pointer: str) -> str:
    """SKILL.md as text. Raises SkillInvalid.

    A byte order mark is refused: the bytes are kept and passed on as they came, and the reference parser and providers
    look for `---` at the very start.
    """
    if content.startswith(BYTE_ORDER_MARK):
        raise refusal(pointer, "Line 1: SKILL.md starts with a byte order mark; save it as UTF-8 without one.")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refusal(pointer, f"Line {line}: SKILL.md is not UTF-8.") from None


def read_frontmatter(text: str, *, pointer: str = "/files") -> tuple[Entry, ...]:
    """The entries of the frontmatter, nothing in them judged yet. Raises SkillInvalid, saying the line, and nothing else."""
    lines = _frontmatter_lines(text, pointer=pointer)
    for number, line in enumerate(lines, start=FIRST_LINE):
        if refused := REFUSED_CHARACTER.search(line):
            character = f"U+{ord(refused[0]):04X}, a control character or a line end other than LF and CRLF"
            raise refusal(pointer, f"Line {number}: the frontmatter holds {character}.")
    try:
        root = _compose("\n".join(lines))
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # the last two: numbers in escapes and directives
        raise refusal(pointer, _yaml_message(error)) from None
    if root is None:
        return ()
    if not isinstance(root, MappingNode):
        raise refusal(pointer, f"Line {FIRST_LINE}: the frontmatter must be a map of keys and values.")
    if faults := tuple(_faults(root)):
        raise refusal(pointer, *faults)
    return _entries(root)


def _frontmatter_lines(text: str, *, pointer: str) -> list[str]:
    """The lines between the first two lines that are a fence: `---` inside a line or indented is text like any other."""
    lines = [line.removesuffix("\r") for line in text[:FRONTMATTER_CHARACTERS_MAX].split("\n")]
    if len(text) > FRONTMATTER_CHARACTERS_MAX:
        lines.pop()  # cut somewhere in the middle
    fences = (number for number, line in enumerate(lines) if line.rstrip(" \t") == FENCE)
    if next(fences, None) != 0:
        raise refusal(pointer, f"Line 1: SKILL.md must start with a line `{FENCE}`.")
    end = next(fences, None)
    if end is None:
        limit = f" within the first {FRONTMATTER_CHARACTERS_MAX} characters"
        raise refusal(pointer, f"Line 1: the frontmatter is not closed by a line `{FENCE}`{limit}.")
    return lines[1:end]


class _Loader(yaml.SafeLoader):
    """Composes nodes and constructs nothing. Refuses while it reads, so that neither depth nor aliases can grow."""

    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it open
        if isinstance(event, AliasEvent) or event.anchor is not None:
            raise _forbidden(event, "anchors and aliases (`&`, `*`); text that starts so needs quotes")
        if event.tag is not None:
            raise _forbidden(event, "tags (`!`); text that starts so needs quotes")
        if self.depth == DEPTH_MAX:
            raise _forbidden(event, f"nesting deeper than {DEPTH_MAX} levels")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _forbidden(event: Any, what: str) -> ComposerError:
    return ComposerError(None, None, what, event.start_mark)


def _compose(source: str) -> Node | None:
    loader = _Loader(source)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _yaml_message(error: Exception) -> str:
    """The parser's own words, with the line of SKILL.md."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        advice = "; put a text that holds `: ` in quotes" if "mapping values" in str(error.problem) else ""
        reason = ", ".join(filter(None, (error.context, error.problem)))[:REASON_CHARACTERS_MAX]
        return f"Line {error.problem_mark.line + FIRST_LINE}: not YAML as frontmatter takes it: {reason}{advice}."
    return f"Line {FIRST_LINE} or after: not YAML as frontmatter takes it: a number in an escape or a directive is out of range."


def _faults(node: Node) -> Iterator[str]:
    """Which keys make a map ambiguous, at any depth."""
    if isinstance(node, SequenceNode):
        for item in node.value:
            yield from _faults(item)
    if isinstance(node, MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if fault := _key_fault(key, seen):
                yield f"Line {key.start_mark.line + FIRST_LINE}: {fault}."
            else:
                seen.add(key.value)
            yield from _faults(value)


def _key_fault(key: Node, seen: set[str]) -> str | None:
    if not isinstance(key, ScalarNode):
        return "a key must be text, and is a list or a map"
    if key.tag == MERGE_TAG:
        return "frontmatter has no merge keys (`<<`)"
    if key.value in seen:
        return f"the key {quoted(key.value)} is there twice"
    return None


def _entries(node: MappingNode) -> tuple[Entry, ...]:
    return tuple(
        Entry(key=_scalar(key), value=_value(value), line=key.start_mark.line + FIRST_LINE) for key, value in node.value
    )


def _value(node: Node) -> Value:
    if isinstance(node, MappingNode):
        return _entries(node)
    return _scalar(node) if isinstance(node, ScalarNode) else NotText(kind="a list")


def _scalar(node: ScalarNode) -> str | NotText:
    written = str(node.value)
    return (
        written if node.tag == TEXT_TAG else NotText(kind=TAG_KINDS.get(node.tag, "a special value"), written=written)
    )
