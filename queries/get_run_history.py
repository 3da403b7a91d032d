"""The history of one install run: its events, the oldest first."""

from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct

from domain.errors import RunNotFound
from projections.run_history import RUN_HISTORY, HistoryEvent
from queries.paging import Page, decode_cursor, page
from queries.reading import Reader, is_stale, require

EVENTS_MAX: Final = 1000
SQL: Final = """
    SELECT {columns} FROM {table}
    WHERE run_id = %(run_id)s AND position > %(after)s
    ORDER BY position LIMIT %(limit)s
"""


class GetRunHistory(Struct, frozen=True, kw_only=True):
    """Runs are short, so their whole history is usually one page."""

    run_id: UUID
    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=EVENTS_MAX)] = EVENTS_MAX
    min_position: int | None = None


async def get_run_history(reader: Reader, query: GetRunHistory) -> Page[HistoryEvent]:
    """Raises RunNotFound."""
    after = decode_cursor(query.cursor, int) if query.cursor else 0
    stale = await is_stale(reader, RUN_HISTORY, query.min_position)
    values = {"run_id": query.run_id, "after": after, "limit": query.limit + 1}
    rows = await reader.fetch(RUN_HISTORY, SQL, values, HistoryEvent)
    if not after:
        require(rows, stale=stale, missing=RunNotFound(f"No install run has the id {query.run_id}."))
    return page(rows, limit=query.limit, key=lambda event: event.position, stale=stale)
