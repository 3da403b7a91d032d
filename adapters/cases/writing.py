"""A case as a zip: the same case is the same bytes, wherever and whenever it is made."""

import hashlib
import io
import stat
import zipfile
from collections.abc import Mapping, Sequence
from typing import Final

from adapters.cases.forms import (
    CHECKPOINT,
    KEY,
    MANIFEST,
    PATHS,
    READABLE,
    README,
    REPORT,
    ROWS,
    SETTINGS,
    SOFTWARE,
    STORED,
    Manifest,
    Member,
    PathLine,
    StoredLine,
    TrackedModel,
    json_lines,
    json_page,
)
from adapters.cases.readme import TEXT
from domain.errors import EvidenceTooLarge
from domain.evidence.case import BYTES_MAX, FORM, Case, CaseEvent
from projections.run_history import HistoryEvent

MEDIA_TYPE: Final = "application/zip"
# The earliest that a zip can say.
NO_TIME: Final = (1980, 1, 1, 0, 0, 0)
UNIX: Final = 3
PLAIN_FILE: Final = (stat.S_IFREG | 0o644) << 16


def zip_case(case: Case, *, readable: Sequence[HistoryEvent], report: str) -> bytes:
    """Stored, not deflated: compressors differ, and with them the bytes. Raises EvidenceTooLarge."""
    members = _members(case, readable=readable, report=report)
    content_bytes = sum(map(len, members.values()))
    if content_bytes > BYTES_MAX:
        raise EvidenceTooLarge(
            f"The case would have {content_bytes:,} bytes, and {BYTES_MAX:,} at most go into one file; ask for less time, "
            "or for single runs."
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, content in (*members.items(), (MANIFEST, json_page(_manifest(case, members)))):
            entry = zipfile.ZipInfo(path, date_time=NO_TIME)
            entry.create_system = UNIX
            entry.external_attr = PLAIN_FILE
            archive.writestr(entry, content)
    return buffer.getvalue()


def _members(case: Case, *, readable: Sequence[HistoryEvent], report: str) -> Mapping[str, bytes]:
    paths = [PathLine(position=one.position, path=one.path) for one in case.events if one.path is not None]
    members = {
        README: TEXT.encode(),
        REPORT: report.encode(),
        STORED: json_lines([_stored(event) for event in case.events]),
        READABLE: json_lines(readable),
        SOFTWARE: json_page(case.software),
        SETTINGS: json_page(case.settings),
        PATHS: json_lines(paths),
    }
    for name, rows in sorted(case.rows.items()):
        members[ROWS.format(name=name)] = b"".join(row + b"\n" for row in rows.rows)
    if case.note is not None:
        members[CHECKPOINT] = case.note.encode()
    if case.public_key is not None:
        members[KEY] = f"{case.public_key}\n".encode()
    return members


def _stored(event: CaseEvent) -> StoredLine:
    stored = event.stored
    return StoredLine(
        position=stored.position,
        stream=stored.stream,
        version=stored.version,
        topic=stored.topic,
        state=stored.state if event.withheld is None else None,
        leaf=event.withheld,
    )


def _manifest(case: Case, members: Mapping[str, bytes]) -> Manifest:
    return Manifest(
        form=FORM,
        scope=case.scope,
        exported=case.exported,
        up_to_position=case.up_to_position,
        read_models=tuple(
            TrackedModel(name=name, generation=rows.generation, position=rows.position)
            for name, rows in sorted(case.rows.items())
        ),
        members=tuple(
            Member(path=path, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
            for path, content in members.items()
        ),
    )
