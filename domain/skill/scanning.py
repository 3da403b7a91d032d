"""Looks through the files of a bundle for what a reviewer should know. It reports, and never blocks: no finding is no promise."""

from collections.abc import Iterator, Sequence
from typing import Final

from domain.skill.bundle import BundleFile
from domain.skill.events import Finding
from domain.skill.file_kinds import unreadable
from domain.skill.findings import hidden_in_pieces, hidden_unicode
from domain.skill.instructions import INSTRUCTIONS, Instruction
from domain.skill.refusals import quoted
from domain.skill.secrets import FORMS, SecretForm, redacted

# The small files come first, so that no large one can use up what there is.
SCANNED_BYTES_MAX: Final = 16 * 1024 * 1024
# What may be spent on places that only begin like something to report: one is a look at a key's form, a line costs more.
EFFORT_MAX: Final = 100_000
LINE_EFFORT: Final = 20
# Text is decoded and searched in pieces, so that a server that shares its thread goes on in between.
PIECE_BYTES: Final = 256 * 1024
LINE_BYTES_BEFORE: Final = 120
LINE_BYTES_AFTER: Final = 400
TEXT_EXTENSIONS: Final = (
    *(".md", ".txt", ".py", ".sh", ".js", ".ts", ".json", ".yaml", ".yml", ".toml", ".html", ".xml", ".csv", ".rb"),
)


def scan(files: Sequence[BundleFile]) -> tuple[Finding, ...]:
    """At most one finding of a kind for each file, with the line of its first place."""
    return tuple(_Scan().findings(files))


class _Scan:
    """What is left of the bytes and of the effort."""

    def __init__(self) -> None:
        self._bytes = SCANNED_BYTES_MAX
        self._effort = EFFORT_MAX

    def findings(self, files: Sequence[BundleFile]) -> Iterator[Finding]:
        skipped = 0
        for file in sorted(files, key=lambda file: len(file.content)):
            yield from hidden_unicode(file.path, path=file.path, where="the path")
            if found := unreadable(file.path, file.content):
                yield found
            content = file.content[: self._bytes]
            self._bytes -= len(content)
            yield from self._in_content(file.path, content)
            skipped += len(content) < len(file.content) or self._effort <= 0
        if skipped:
            message = f"{skipped} of {len(files)} files were not looked through to the end: there is too much in them."
            yield Finding(code="not_scanned", severity="info", path="", message=message)

    def _in_content(self, path: str, content: bytes) -> Iterator[Finding]:
        is_text = _is_text(path, content)
        if is_text and not content.isascii():
            yield from hidden_in_pieces(_pieces(content), path=path, where="the file")
        yield from filter(None, (self._secret(path, content, form) for form in FORMS))
        if is_text:
            yield from filter(None, (self._instruction(path, content, one) for one in INSTRUCTIONS))

    def _secret(self, path: str, content: bytes, form: SecretForm) -> Finding | None:
        """The message never quotes it: findings are kept and shown to more people than the file."""
        for at in self._places(content, form.marks):
            match = form.pattern.match(content, at)
            if match and not content[at - 1 : at].isalnum() and form.is_real(match[0]):
                message = f"Line {_line_number(content, at)} has {form.what}, or what looks like one."
                return Finding(code="secret", severity="critical", path=path, message=message)
        return None

    def _instruction(self, path: str, content: bytes, one: Instruction) -> Finding | None:
        for at, line in self._lines(content, one.marks):
            if match := one.pattern.search(line):
                shown = quoted(redacted(match[0].decode(errors="replace")))
                message = f"Line {_line_number(content, at)}: {shown} {one.what}; the digest does not cover that."
                return Finding(code="remote_instructions", severity=one.severity, path=path, message=message)
        return None

    def _places(self, content: bytes, marks: tuple[bytes, ...]) -> Iterator[int]:
        for mark in marks:
            at = content.find(mark)
            while at >= 0 and self._effort > 0:
                self._effort -= 1
                yield at
                at = content.find(mark, at + len(mark))

    def _lines(self, content: bytes, marks: tuple[bytes, ...]) -> Iterator[tuple[int, bytes]]:
        """Each line with a mark, bounded around it; a line that a backslash continues is one line."""
        for mark in marks:
            at = content.find(mark)
            while at >= 0 and self._effort > 0:
                self._effort -= LINE_EFFORT
                before = content[max(0, at - LINE_BYTES_BEFORE) : at].rpartition(b"\n")[2]
                rest = content[at : at + LINE_BYTES_AFTER].replace(b"\\\r\n", b"  ").replace(b"\\\n", b" ")
                line = rest.partition(b"\n")[0]
                yield at, before + line.rstrip(b"\r")
                at = content.find(mark, at + len(line))


def _pieces(content: bytes) -> Iterator[tuple[int, str]]:
    """Cut where a line or at least a word ends, so that no character is torn from what it belongs to."""
    at, line = 0, 1
    while at < len(content):
        end = at + PIECE_BYTES
        if end < len(content):
            cut = max(content.rfind(b"\n", at, end), content.rfind(b" ", at + PIECE_BYTES // 2, end))
            end = cut + 1 if cut >= 0 else end
        piece = content[at:end]
        yield line, piece.decode(errors="replace")
        line += piece.count(b"\n")
        at = end


def _is_text(path: str, content: bytes) -> bool:
    """One NUL makes a file binary to many tools, and must not make a text invisible to this one."""
    return path.casefold().endswith(TEXT_EXTENSIONS) or b"\0" not in content


def _line_number(content: bytes, at: int) -> int:
    return content.count(b"\n", 0, at) + 1
