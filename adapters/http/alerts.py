"""`/api/alerts`: what a person has to know of, and what has been resolved since."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from adapters.http.application import Application
from adapters.http.authentication import Requires
from adapters.http.operations import Operation, described
from adapters.http.pages import LINK, answer_page
from adapters.http.requests import Position, QueryReader
from adapters.http.resources import AlertAnswer, shown_as
from domain.errors import AlertNotFound, Code
from domain.events import Role
from queries.alert_view import Alert
from queries.get_alert import GetAlert, get_alert
from queries.list_alerts import ListAlerts, list_alerts
from queries.paging import Page

LIST_QUERY: Final = QueryReader(ListAlerts)
ONE_QUERY: Final = QueryReader(Position)


@get(
    "/alerts",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="listAlerts",
            summary="The alerts, the newest first",
            description=(
                "What a rule found is said once, again after a while if it is still so, and once more when it is over: `status` "
                "is then `resolved`. What comes back later is another alert. `facts` are those of the last time that it was said; "
                "`runbook` is the page of the repository that says what to do."
            ),
            answers={200: ("A page of alerts.", Page[Alert])},
            parameters=ListAlerts,
            gives=(LINK,),
        )
    ),
)
async def show_alerts(
    request: Request[Any, Any, Any], application: NamedDependency[Application]
) -> Response[Page[Alert]]:
    asked = LIST_QUERY.read(request)
    return await answer_page(request, application.cursors, asked, lambda query: list_alerts(application.reader, query))


@get(
    "/alerts/{alert:str}",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="getAlert",
            summary="One alert",
            answers={200: ("The alert.", AlertAnswer)},
            parameters=Position,
            refuses=(Code.NOT_FOUND_ALERT,),
        )
    ),
)
async def show_alert(
    request: Request[Any, Any, Any], alert: FromPath[str], application: NamedDependency[Application]
) -> AlertAnswer:
    min_position = ONE_QUERY.read(request).min_position
    answer = await get_alert(application.reader, GetAlert(alert_id=_id_of(alert), min_position=min_position))
    return shown_as(AlertAnswer, answer.item, stale=answer.stale)


def _id_of(text: str) -> UUID:
    """Raises AlertNotFound."""
    try:
        return UUID(text)
    except ValueError:
        raise AlertNotFound(f"No alert has the id {text}.") from None
