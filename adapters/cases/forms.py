"""How a case is laid out in its zip: the members, and the lines in them."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.evidence.case import CaseScope, Exported

MANIFEST: Final = "manifest.json"
README: Final = "README.txt"
REPORT: Final = "report.html"
STORED: Final = "events/stored.jsonl"
READABLE: Final = "events/readable.jsonl"
ROWS: Final = "read-models/{name}.jsonl"
SOFTWARE: Final = "software.json"
SETTINGS: Final = "settings.json"
PATHS: Final = "proofs/inclusion.jsonl"
CHECKPOINT: Final = "proofs/checkpoint"
KEY: Final = "proofs/notary.vkey"

# A case has the members above and one for each read model.
MEMBERS_MAX: Final = 64


class StoredLine(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """`state` is the stored envelope; without it, `leaf` stands for an event that is withheld."""

    position: int
    stream: UUID
    version: int
    topic: str
    state: bytes | None = None
    leaf: bytes | None = None


class PathLine(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    position: int
    path: tuple[bytes, ...]


class Member(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    path: str
    bytes: int
    sha256: str


class TrackedModel(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    name: str
    generation: int
    position: int


class Manifest(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the case is of, and every other member with its hash."""

    form: str
    scope: CaseScope
    exported: Exported
    up_to_position: int
    read_models: tuple[TrackedModel, ...]
    members: tuple[Member, ...]


class AnyForm(Struct, frozen=True):
    """Looked at first, since the case may be that of a newer Waybill."""

    form: str = ""


def json_lines(lines: Sequence[object]) -> bytes:
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def json_page(document: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2) + b"\n"
