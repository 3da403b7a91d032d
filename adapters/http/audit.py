"""`/api/audit-log`"""

from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency

from adapters.http.application import Application
from adapters.http.authentication import Requires
from adapters.http.operations import Operation, described
from adapters.http.requests import QueryReader
from domain.events import Role
from projections.audit_log import AuditEntry
from queries.list_audit_log import ListAuditLog, list_audit_log
from queries.paging import Page

LIST_QUERY: Final = QueryReader(ListAuditLog)


@get(
    "/audit-log",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="listAuditLog",
            summary="Who did what to what, and how it went, the newest first",
            answers={200: ("A page of entries.", Page[AuditEntry])},
            parameters=ListAuditLog,
        )
    ),
)
async def show_audit_log(
    request: Request[Any, Any, Any], application: NamedDependency[Application]
) -> Page[AuditEntry]:
    return await list_audit_log(application.reader, LIST_QUERY.read(request))
