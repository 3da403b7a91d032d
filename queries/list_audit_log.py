"""The audit log, the newest entry first, by who, what, to what, and how it went."""

from datetime import datetime
from typing import Final

from domain.errors import Code
from projections.audit_log import AUDIT_LOG, AuditEntry, Result
from queries.filtering import Filters
from queries.paging import Page, PageQuery, decode_cursor, page
from queries.reading import Reader, is_stale

SQL: Final = "SELECT {columns} FROM {table} WHERE {where} ORDER BY position DESC LIMIT %(limit)s"


class ListAuditLog(PageQuery, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`actor` is an id; `action` and `target` are as entries show them. `since` is included, `until` is not."""

    actor: str | None = None
    action: str | None = None
    target: str | None = None
    result: Result | None = None
    code: Code | None = None
    since: datetime | None = None
    until: datetime | None = None


async def list_audit_log(reader: Reader, query: ListAuditLog) -> Page[AuditEntry]:
    filters = Filters()
    filters.add_given("actor_id = %(actor)s", actor=query.actor)
    filters.add_given("action = %(action)s", action=query.action)
    filters.add_given("target = %(target)s", target=query.target)
    filters.add_given("result = %(result)s", result=query.result)
    filters.add_given("code = %(code)s", code=query.code)
    filters.add_given("at >= %(since)s", since=query.since)
    filters.add_given("at < %(until)s", until=query.until)
    filters.add_given("position < %(before)s", before=decode_cursor(query.cursor, int) if query.cursor else None)
    stale = await is_stale(reader, AUDIT_LOG, query.min_position)
    rows = await reader.fetch(AUDIT_LOG, filters.into(SQL), filters.values(limit=query.limit + 1), AuditEntry)
    return page(rows, limit=query.limit, key=lambda entry: entry.position, stale=stale)
