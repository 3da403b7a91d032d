"""What became of the attempts to deliver alerts to webhooks, the newest first."""

from uuid import UUID

from domain.alert.deliveries import Deliveries, Delivery, DeliverySearch, DeliveryStatus
from domain.errors import BadRequest, Problem
from queries.filtering import Moment, Text
from queries.paging import Page, PageQuery, decode_cursor, page


class ListAlertDeliveries(PageQuery, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`alert` is the id of an alert, `message` the `webhook-id` that the receiver sees. Of several values of one filter any will
    do. `since` is included, `until` is not.
    """

    webhook: tuple[Text, ...] = ()
    status: tuple[DeliveryStatus, ...] = ()
    rule: tuple[Text, ...] = ()
    alert: tuple[UUID, ...] = ()
    message: tuple[Text, ...] = ()
    since: Moment | None = None
    until: Moment | None = None


async def list_alert_deliveries(deliveries: Deliveries, query: ListAlertDeliveries) -> Page[Delivery]:
    """Never stale by the events: these are not made of any. Raises BadRequest, StoreOffline."""
    if query.since is not None and query.until is not None and query.until < query.since:
        problem = Problem(pointer="?until", message="must not be before since")
        raise BadRequest("Nothing happens from a time until one before it.", problems=(problem,))
    search = DeliverySearch(
        webhook=query.webhook,
        status=query.status,
        rule=query.rule,
        alert_id=query.alert,
        message_id=query.message,
        since=query.since,
        until=query.until,
        before=decode_cursor(query.cursor, UUID) if query.cursor else None,
    )
    rows = await deliveries.find(search, limit=query.limit + 1)
    return page(rows, limit=query.limit, key=lambda row: row.id, stale=False)
