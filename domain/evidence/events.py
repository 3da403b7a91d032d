"""What can happen to the record itself: that somebody took a copy of it with them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.events import Event

ExportKind = Literal["audit_log", "incident"]
ExportFormat = Literal["jsonl", "csv", "zip"]


class EvidenceExported(Event, frozen=True, kw_only=True, rename="camel"):
    """Recorded before the first byte goes out. `filters` names what narrowed it, not by which words; `runs` are those that an
    incident is about. `up_to_position` is the newest event that can be in it.
    """

    TOPIC = "evidence.evidence_exported"

    kind: ExportKind
    format: ExportFormat
    filters: tuple[str, ...] = ()
    runs: tuple[UUID, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    up_to_position: int
