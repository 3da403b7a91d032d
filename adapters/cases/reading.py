"""A case out of its zip: believes nothing that it does not say itself, and nothing that would not end."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from adapters.cases.forms import (
    CHECKPOINT,
    KEY,
    MANIFEST,
    MEMBERS_MAX,
    PATHS,
    READABLE,
    ROWS,
    SETTINGS,
    SOFTWARE,
    STORED,
    AnyForm,
    Manifest,
    PathLine,
    StoredLine,
)
from domain.evidence.case import BYTES_MAX, EVENTS_MAX, FORM, Case, CaseEvent, CaseRows
from domain.evidence.leaf import StoredEvent
from domain.evidence.merkle import HASH_BYTES
from domain.evidence.proof import PATH_MAX

# The directory of the zip, and each member's header.
FRAME_BYTES_MAX: Final = 64 * 1024
ENCRYPTED: Final = 0x1
# Outside of these years somebody has made the time up, and there is no reckoning with it.
YEARS: Final = range(1970, 9000)
UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
)

Line = TypeVar("Line")


class CaseRefused(Exception):  # noqa: N818 - house style: it reads as a fact
    """This is no case that can be read; the message says why."""


class OpenedCase(Struct, frozen=True, kw_only=True):
    """`faults` tell of members that are not as the manifest says. `readable` are the events as the case shows them."""

    case: Case
    faults: tuple[str, ...]
    readable: tuple[Mapping[str, Any], ...]
    members: int


def read_case(content: bytes) -> OpenedCase:
    """Raises CaseRefused. What is not as the manifest says is told, not refused, as long as it can be read."""
    members = _members(content)
    manifest = _manifest(members)
    faults = tuple(_faults(manifest, members))
    case = Case(
        scope=manifest.scope,
        exported=manifest.exported,
        up_to_position=manifest.up_to_position,
        events=_events(members),
        rows={
            model.name: CaseRows(
                generation=model.generation,
                position=model.position,
                rows=tuple(members.get(ROWS.format(name=model.name), b"").splitlines()),
            )
            for model in manifest.read_models
        },
        software=_json(members, SOFTWARE, dict[str, str]),
        settings=_json(members, SETTINGS, dict[str, Any]),
        note=_text(members, CHECKPOINT),
        public_key=(_text(members, KEY) or "").strip() or None,
    )
    readable = tuple(_lines(members, READABLE, dict[str, Any]))
    if not all(isinstance(event.get("position"), int) for event in readable):
        raise CaseRefused(f"{READABLE} cannot be read: an event in it has no position.")
    return OpenedCase(case=case, faults=faults, readable=readable, members=len(manifest.members))


def _members(content: bytes) -> dict[str, bytes]:
    if len(content) > BYTES_MAX + FRAME_BYTES_MAX:
        raise CaseRefused(f"It is larger than a case can be: {len(content):,} bytes of {BYTES_MAX:,}.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _unpacked(archive)
    except UNREADABLE as error:
        raise CaseRefused(f"It is not a zip that can be read: {error}.") from None


def _unpacked(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MEMBERS_MAX:
        raise CaseRefused(f"It holds {len(entries):,} files, and a case has at most {MEMBERS_MAX}.")
    members: dict[str, bytes] = {}
    left = BYTES_MAX
    for entry in entries:
        if entry.filename in members:
            raise CaseRefused(f"It holds {_quoted(entry.filename)} twice.")
        if entry.flag_bits & ENCRYPTED:
            raise CaseRefused("It is encrypted; a case is not.")
        with archive.open(entry) as opened:
            content = opened.read(left + 1)
        left -= len(content)
        if left < 0:
            raise CaseRefused(f"It unpacks to more than the {BYTES_MAX:,} bytes that a case has at most.")
        members[entry.filename] = content
    return members


def _manifest(members: Mapping[str, bytes]) -> Manifest:
    if MANIFEST not in members:
        raise CaseRefused(f"It is a zip, but no case of Waybill: it has no {MANIFEST}.")
    form = _json(members, MANIFEST, AnyForm).form
    if form != FORM:
        raise CaseRefused(f"It has the form {_quoted(form)}, and this Waybill reads {FORM}: open it with a newer one.")
    manifest = _json(members, MANIFEST, Manifest)
    times = (manifest.exported.at, manifest.scope.since, manifest.scope.until)
    if not all(at is None or (at.tzinfo is not None and at.year in YEARS) for at in times):
        raise CaseRefused(f"{MANIFEST} cannot be read: it has a time that cannot be.")
    return manifest


def _faults(manifest: Manifest, members: Mapping[str, bytes]) -> Iterator[str]:
    listed = {member.path: member for member in manifest.members}
    for path, member in listed.items():
        content = members.get(path)
        if content is None:
            yield f"{_quoted(path)} is missing"
        elif len(content) != member.bytes or hashlib.sha256(content).hexdigest() != member.sha256:
            yield f"{_quoted(path)} is not what was exported: its sha256 is another"
    for path in members:
        if path not in listed and path != MANIFEST:
            yield f"{_quoted(path)} was added"


def _events(members: Mapping[str, bytes]) -> tuple[CaseEvent, ...]:
    paths = {line.position: line.path for line in _lines(members, PATHS, PathLine)}
    events = tuple(_event(line, paths.get(line.position)) for line in _lines(members, STORED, StoredLine))
    positions = [event.position for event in events]
    if positions != sorted(set(positions)):
        raise CaseRefused(f"{STORED} cannot be read: its events are not in the order of their positions.")
    return events


def _event(line: StoredLine, path: tuple[bytes, ...] | None) -> CaseEvent:
    hashes = (*(path or ()), *(() if line.leaf is None else (line.leaf,)))
    if (line.state is None) == (line.leaf is None) or any(len(one) != HASH_BYTES for one in hashes):
        raise CaseRefused(f"{STORED} cannot be read: event {line.position} is neither an event nor a leaf.")
    if len(path or ()) > PATH_MAX:
        raise CaseRefused(f"{PATHS} cannot be read: no path has more than {PATH_MAX} hashes.")
    stored = StoredEvent(
        position=line.position,
        stream=line.stream,
        version=line.version,
        topic=line.topic,
        state=line.state or b"",
    )
    return CaseEvent(stored=stored, withheld=line.leaf, path=path)


def _lines(members: Mapping[str, bytes], path: str, kind: type[Line]) -> Iterator[Line]:
    lines = members.get(path, b"").splitlines()
    if len(lines) > EVENTS_MAX:
        raise CaseRefused(f"{path} has {len(lines):,} lines, and a case has at most {EVENTS_MAX:,} events.")
    decoder = msgspec.json.Decoder(kind)
    for number, line in enumerate(lines, start=1):
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise CaseRefused(f"{path} cannot be read: line {number}: {error}.") from None


def _json(members: Mapping[str, bytes], path: str, kind: type[Line]) -> Line:
    try:
        return msgspec.json.decode(members.get(path, b""), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CaseRefused(f"{path} cannot be read: {error}.") from None


def _text(members: Mapping[str, bytes], path: str) -> str | None:
    try:
        return members[path].decode() if path in members else None
    except UnicodeDecodeError:
        raise CaseRefused(f"{path} cannot be read: it is no text in UTF-8.") from None


def _quoted(path: str) -> str:
    """What somebody else wrote, on one line and not for ever."""
    return ascii(path[:80])
