"""The provider connections, the newest first."""

from typing import Final
from uuid import UUID

from projections.providers import PROVIDERS, Provider
from queries.filtering import Filters
from queries.paging import Page, PageQuery, decode_cursor, page
from queries.reading import Reader, is_stale

SQL: Final = "SELECT {columns} FROM {table} WHERE {where} ORDER BY connected_position DESC LIMIT %(limit)s"
AFTER: Final = "connected_position < (SELECT connected_position FROM {table} WHERE id = %(after)s)"


class ListProviders(PageQuery, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Every connection, active or not."""


async def list_providers(reader: Reader, query: ListProviders) -> Page[Provider]:
    filters = Filters()
    filters.add_given(AFTER, after=decode_cursor(query.cursor, UUID) if query.cursor else None)
    stale = await is_stale(reader, PROVIDERS, query.min_position)
    rows = await reader.fetch(PROVIDERS, filters.into(SQL), filters.values(limit=query.limit + 1), Provider)
    return page(rows, limit=query.limit, key=lambda provider: provider.id, stale=stale)
