"""The alerts, the newest first, by what a person looks for."""

from typing import Final

from domain.alert.rules import RuleName, Severity
from projections.alerts import ALERTS, AlertStatus
from queries.alert_view import Alert, fetch
from queries.filtering import Filters, Moment, Text
from queries.paging import Page, PageQuery, decode_cursor, page_of
from queries.reading import Reader, is_stale

# The first half is the column of the index.
ABOUT: Final = "lower(subject) = ANY(%(lowered)s) AND subject = ANY(%(subject)s)"


class ListAlerts(PageQuery, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`subject` is as alerts show it. Of several values of one filter any will do. `since` is included, `until` is not; both are
    of when it was raised.
    """

    status: tuple[AlertStatus, ...] = ()
    rule: tuple[RuleName, ...] = ()
    severity: tuple[Severity, ...] = ()
    subject: tuple[Text, ...] = ()
    since: Moment | None = None
    until: Moment | None = None


async def list_alerts(reader: Reader, query: ListAlerts) -> Page[Alert]:
    """Raises BadRequest."""
    filters = Filters()
    filters.add_any_of("status", query.status)
    filters.add_any_of("rule", query.rule)
    filters.add_any_of("severity", query.severity)
    filters.add_given(ABOUT, lowered=tuple(subject.lower() for subject in query.subject), subject=query.subject)
    filters.add_times("raised_at", since=query.since, until=query.until)
    before = decode_cursor(query.cursor, int) if query.cursor else None
    filters.add_given("raised_position < %(before)s", before=before)
    stale = await is_stale(reader, ALERTS, query.min_position)
    rows = await fetch(reader, filters, limit=query.limit + 1)
    return page_of(Alert, rows, limit=query.limit, key=lambda one: one.raised_position, stale=stale)
