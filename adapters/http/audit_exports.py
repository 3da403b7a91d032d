"""`/api/audit-log/export`: all of the audit log that is asked for, as a file"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import structlog
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.types import Receive, Scope, Send
from msgspec import Struct

from adapters.http.application import Application
from adapters.http.audit_formats import FORMATS
from adapters.http.authentication import Requires, context_of
from adapters.http.client_connection import connection_of
from adapters.http.edge import asked_for_head
from adapters.http.live import client_left
from adapters.http.operations import Binary, Header, Operation, described
from adapters.http.places import Places
from adapters.http.requests import QueryReader
from commands.record_export import RecordExport
from domain.errors import Code, StoreOffline
from domain.events import Context, Role
from queries.export_audit_log import AuditExport, ExportAuditLog, begin_export, pieces_of

EXPORTS_PER_KEY_MAX: Final = 2
EXPORTS_MAX: Final = 4
RETRY_AFTER_SECONDS: Final = 5
# A client that takes nothing for so long holds its place no longer.
BLOCKED_SECONDS_MAX: Final = 30.0

ENTRIES: Final = Header(
    name="Waybill-Entries",
    description="How many entries there are in it. A file that has fewer is not whole.",
    schema={"type": "string", "pattern": "^[0-9]+$"},
)
UP_TO_POSITION: Final = Header(
    name="Waybill-Up-To-Position",
    description="It has what is asked for up to this position, and nothing behind it.",
    schema={"type": "string", "pattern": "^[0-9]+$"},
)
BEHIND: Final = Header(
    name="Waybill-Behind",
    description="So many newer events are not looked at, because the read side had not come as far.",
    schema={"type": "string", "pattern": "^[0-9]+$"},
)
DISPOSITION: Final = Header(name="Content-Disposition", description="A name for the file.")
QUERY: Final = QueryReader(ExportAuditLog)

log = structlog.get_logger(__name__)


class Exports(Struct, frozen=True):
    """How many go out at once."""

    places: Places


def open_exports() -> Exports:
    return Exports(
        Places(
            name="exports",
            per_key_max=EXPORTS_PER_KEY_MAX,
            total_max=EXPORTS_MAX,
            retry_after_seconds=RETRY_AFTER_SECONDS,
        )
    )


@get(
    "/audit-log/export",
    guards=[Requires(Role.ADMIN)],
    opt=described(
        Operation(
            id="exportAuditLog",
            summary="All of the audit log, or what is asked for of it, as a file, the oldest entry first",
            description=(
                "It is asked as the list is. That somebody took it is in the audit log before the first byte goes out. JSON "
                "lines have the entries as the list shows them; CSV is that of RFC 4180 in UTF-8, and what a spreadsheet would "
                "take for a formula has an apostrophe before it. An answer that cannot be finished is cut off, and has "
                "fewer entries than its header says."
            ),
            answers={200: ("The entries.", tuple(Binary(one.media_type) for one in FORMATS.values()))},
            parameters=ExportAuditLog,
            refuses=(Code.RATE_LIMIT, Code.CONFLICT_BUSY),
            gives=(ENTRIES, UP_TO_POSITION, BEHIND, DISPOSITION),
        )
    ),
)
async def export_audit_log(
    request: Request[Any, Any, Any], application: NamedDependency[Application], exports: NamedDependency[Exports]
) -> "AuditFile":
    return AuditFile(application, QUERY.read(request), places=exports.places, context=context_of(request.scope))


class AuditFile:
    """For Litestar, an ASGI application. What is refused is refused before anything is sent."""

    def __init__(self, application: Application, asked: ExportAuditLog, *, places: Places, context: Context) -> None:
        self._application = application
        self._asked = asked
        self._places = places
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._places.opened(self._context.actor.id):
            export = await begin_export(self._application.reader, self._asked)
            only_head = asked_for_head(scope)
            if not only_head:
                await self._application.record_export(self._record(export), self._context)
            await send({"type": "http.response.start", "status": 200, "headers": self._headers(export)})
            if only_head:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            try:
                await self._send_all(export, receive=receive, send=send)
            except (StoreOffline, TimeoutError) as error:
                log.warning("export_cut_off", key_id=self._context.actor.id, reason=str(error) or "it was not taken")
                if (connection := connection_of(scope)) is None:
                    raise
                connection.abort()

    def _record(self, export: AuditExport) -> RecordExport:
        return RecordExport(
            kind="audit_log",
            format=self._asked.format,
            filters=tuple(self._asked.given),
            since=self._asked.since,
            until=self._asked.until,
            up_to_position=export.up_to_position,
        )

    def _headers(self, export: AuditExport) -> list[tuple[bytes, bytes]]:
        name = f"waybill-audit-log-{export.up_to_position}.{self._asked.format}"
        media_type = FORMATS[self._asked.format].media_type
        headers = {
            "Content-Type": f"{media_type}; charset=utf-8",
            DISPOSITION.name: f'attachment; filename="{name}"',
            ENTRIES.name: str(export.entries),
            UP_TO_POSITION.name: str(export.up_to_position),
            BEHIND.name: str(export.behind),
        }
        return [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def _send_all(self, export: AuditExport, *, receive: Receive, send: Send) -> None:
        leaving = asyncio.create_task(client_left(receive))
        try:
            async with aclosing(self._pieces(export)) as pieces:
                async for piece in pieces:
                    if leaving.done():
                        return
                    async with asyncio.timeout(BLOCKED_SECONDS_MAX):
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            leaving.cancel()
            await asyncio.wait({leaving})

    async def _pieces(self, export: AuditExport) -> AsyncGenerator[bytes]:
        form = FORMATS[self._asked.format]
        if form.header:
            yield form.header
        sent = 0
        async with aclosing(pieces_of(self._application.reader, export)) as pieces:
            async for entries in pieces:
                yield form.lines(entries)
                sent += len(entries)
        if sent != export.entries:
            raise StoreOffline("The audit log is being built again.")
