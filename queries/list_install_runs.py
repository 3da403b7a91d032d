"""The install runs, the newest first, by what a person looks for."""

from datetime import datetime
from typing import Final
from uuid import UUID

from domain.errors import Code
from domain.install_run.events import RunKind
from domain.install_run.state import RunStatus
from domain.provider.state import provider_stream
from domain.skill.state import skill_stream
from projections.install_runs import INSTALL_RUNS, InstallRun
from queries.filtering import Filters
from queries.naming import ids_meant
from queries.paging import Page, PageQuery, decode_cursor, page
from queries.reading import Reader, is_stale

SQL: Final = "SELECT {columns} FROM {table} WHERE {where} ORDER BY queued_position DESC LIMIT %(limit)s"
AFTER: Final = "queued_position < (SELECT queued_position FROM {table} WHERE id = %(after)s)"
# A single id or status, unlike a list of them, lets the index give the rows in order.
OF_SKILL: Final = "skill_id = (SELECT skill_id FROM {table} WHERE skill_id = ANY(%(skills)s) LIMIT 1)"
# The first half is the condition of the index.
FAILED_WITH: Final = "failures <> '{}' AND failures ?| %(codes)s"


class ListInstallRuns(PageQuery, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`skill` and `provider` are ids or names, `actor` is an id, `code` one that a target failed with. Of several codes, and
    of several statuses, any one will do.

    `since` and `until` are about when a run was queued; the first is included, the second is not.
    """

    status: tuple[RunStatus, ...] = ()
    kind: RunKind | None = None
    skill: str | None = None
    provider: str | None = None
    actor: str | None = None
    code: tuple[Code, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


async def list_install_runs(reader: Reader, query: ListInstallRuns) -> Page[InstallRun]:
    filters = _filters(query)
    stale = await is_stale(reader, INSTALL_RUNS, query.min_position)
    rows = await reader.fetch(INSTALL_RUNS, filters.into(SQL), filters.values(limit=query.limit + 1), InstallRun)
    return page(rows, limit=query.limit, key=lambda run: run.id, stale=stale)


def _filters(query: ListInstallRuns) -> Filters:
    filters = Filters()
    if len(query.status) == 1:
        filters.add("status = %(status)s", status=query.status[0])
    else:
        filters.add_given("status = ANY(%(status)s)", status=query.status)
    filters.add_given("kind = %(kind)s", kind=query.kind)
    if query.skill:
        filters.add(OF_SKILL, skills=list(ids_meant(query.skill, skill_stream)))
    if query.provider:
        filters.add("provider_ids && %(providers)s", providers=list(ids_meant(query.provider, provider_stream)))
    filters.add_given("actor_id = %(actor)s", actor=query.actor)
    filters.add_given(FAILED_WITH, codes=query.code)
    filters.add_given("queued_at >= %(since)s", since=query.since)
    filters.add_given("queued_at < %(until)s", until=query.until)
    filters.add_given(AFTER, after=decode_cursor(query.cursor, UUID) if query.cursor else None)
    return filters
