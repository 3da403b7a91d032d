"""One alert."""

from uuid import UUID

from msgspec import Struct

from domain.errors import AlertNotFound
from projections.alerts import ALERTS
from queries.alert_view import Alert, fetch
from queries.filtering import Filters
from queries.reading import Answer, Reader, is_stale, only


class GetAlert(Struct, frozen=True, kw_only=True):
    alert_id: UUID
    min_position: int | None = None


async def get_alert(reader: Reader, query: GetAlert) -> Answer[Alert]:
    """Raises AlertNotFound."""
    stale = await is_stale(reader, ALERTS, query.min_position)
    filters = Filters()
    filters.add("id = %(id)s", id=query.alert_id)
    rows = await fetch(reader, filters, limit=1)
    return only(rows, stale=stale, missing=AlertNotFound(f"No alert has the id {query.alert_id}."))
