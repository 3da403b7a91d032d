"""`/api/alert-deliveries`"""

from typing import Any, Final

from litestar import Request, Response, get
from litestar.di import NamedDependency

from adapters.http.application import Application
from adapters.http.authentication import Requires
from adapters.http.operations import Operation, described
from adapters.http.pages import LINK, answer_page
from adapters.http.requests import QueryReader
from domain.alert.deliveries import Delivery
from domain.events import Role
from queries.list_alert_deliveries import ListAlertDeliveries, list_alert_deliveries
from queries.paging import Page

LIST_QUERY: Final = QueryReader(ListAlertDeliveries)


@get(
    "/alert-deliveries",
    guards=[Requires(Role.OPERATOR)],
    opt=described(
        Operation(
            id="listAlertDeliveries",
            summary="What became of the attempts to deliver alerts to webhooks, the newest first",
            description=(
                "An entry for each attempt, written a moment after it. `messageId` is the `webhook-id` that the receiver sees, "
                "the same in every attempt. `failed`: it is tried again at `nextAttemptAt`; `given_up`: it is not. They are "
                "kept for 90 days."
            ),
            answers={200: ("A page of deliveries.", Page[Delivery])},
            parameters=ListAlertDeliveries,
            gives=(LINK,),
        )
    ),
)
async def show_alert_deliveries(
    request: Request[Any, Any, Any], application: NamedDependency[Application]
) -> Response[Page[Delivery]]:
    asked = LIST_QUERY.read(request)
    return await answer_page(
        request, application.cursors, asked, lambda query: list_alert_deliveries(application.deliveries, query)
    )
