"""Write down that somebody is about to take a copy of the record with them."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from commands.handling import Handling, Session
from domain.events import Context
from domain.evidence.events import EvidenceExported, ExportFormat, ExportKind
from domain.evidence.state import EXPORTS, exports_stream


class RecordExport(Struct, frozen=True, kw_only=True):
    """What the event says. It comes before the first byte: who is not on record gets nothing."""

    kind: ExportKind
    format: ExportFormat
    filters: tuple[str, ...] = ()
    runs: tuple[UUID, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    up_to_position: int


class RecordExportHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: RecordExport, context: Context) -> int:
        """The position of the event. Raises Busy, StoreOffline."""
        exported = EvidenceExported(
            kind=command.kind,
            format=command.format,
            filters=command.filters,
            runs=command.runs,
            since=command.since,
            until=command.until,
            up_to_position=command.up_to_position,
        )

        async def decide(session: Session) -> None:
            stream = exports_stream(context.actor.id, session.now)
            await session.load(stream, EXPORTS)
            session.append(stream, exported)

        _, handled = await self._handling.handle(decide, context=context)
        assert handled.position is not None  # noqa: S101 - it always records
        return handled.position
