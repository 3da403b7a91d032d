"""`/api/audit-log`"""

from typing import Any, Final

from litestar import Request, Response, get
from litestar.di import NamedDependency

from adapters.http.application import Application
from adapters.http.authentication import Requires
from adapters.http.operations import Operation, described
from adapters.http.pages import LINK, answer_page
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
            description=(
                "`q` is a part of the action, or of the name of the key that did it or of the skill or provider that it was "
                "done to, in any case; the beginning of the id of a run or of a chat action, 8 digits or more; or exactly a "
                "target, or the id of who did it, of the request or of the correlation."
            ),
            answers={200: ("A page of entries.", Page[AuditEntry])},
            parameters=ListAuditLog,
            gives=(LINK,),
        )
    ),
)
async def show_audit_log(
    request: Request[Any, Any, Any], application: NamedDependency[Application]
) -> Response[Page[AuditEntry]]:
    asked = LIST_QUERY.read(request)
    return await answer_page(
        request, application.cursors, asked, lambda query: list_audit_log(application.reader, query)
    )
