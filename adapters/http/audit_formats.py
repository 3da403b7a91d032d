"""Entries of the audit log as lines of a file: JSON lines, or CSV that a spreadsheet may open."""

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC
from io import StringIO
from typing import Final

import msgspec
from msgspec import Struct

from projections.audit_log import AuditEntry

COLUMNS: Final = (
    "position",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "actor_role",
    "action",
    "target",
    "result",
    "code",
    "request_id",
    "correlation_id",
)
# What a spreadsheet takes for a formula, also in full width: at the beginning of a cell, or where some program's separator makes
# another cell begin.
FORMULA: Final = re.compile(r"""(^|[,;|"'\t\r\n])(\s*)(?=[=+\-@＝＋－＠])""")  # noqa: RUF001 - these are meant
INERT: Final = r"\1\2'"
_ENCODER: Final = msgspec.json.Encoder()


class Format(Struct, frozen=True, kw_only=True):
    """`header` is the first line, if there is one."""

    media_type: str
    header: bytes
    lines: Callable[[Sequence[AuditEntry]], bytes]


def json_lines(entries: Sequence[AuditEntry]) -> bytes:
    """Each as the API's list has it, on a line of its own."""
    return bytes(_ENCODER.encode_lines(entries))


def csv_lines(entries: Sequence[AuditEntry]) -> bytes:
    """RFC 4180, in UTF-8. Nothing in it is a formula: what looks like one has an apostrophe before it."""
    return _csv(map(_cells, entries))


def inert(text: str) -> str:
    return FORMULA.sub(INERT, text)


def _cells(entry: AuditEntry) -> tuple[str, ...]:
    actor = entry.actor
    return (
        str(entry.position),
        entry.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        actor.kind,
        inert(actor.id),
        inert(actor.name),
        actor.role or "",
        entry.action,
        inert(entry.target),
        entry.result,
        entry.code or "",
        inert(entry.request_id),
        str(entry.correlation_id),
    )


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


FORMATS: Final[Mapping[str, Format]] = {
    "jsonl": Format(media_type="application/x-ndjson", header=b"", lines=json_lines),
    "csv": Format(media_type="text/csv", header=_csv([COLUMNS]), lines=csv_lines),
}
