"""The API keys, the newest first, by what a person looks for."""

from typing import Final
from uuid import UUID

from domain.access.state import key_stream
from domain.events import Role
from projections.api_keys import API_KEYS
from queries.api_key_view import ApiKey, KeyStatus, fetch
from queries.filtering import Filters, Search, containing
from queries.paging import Page, PageQuery, decode_cursor, page
from queries.reading import Reader, is_stale

MATCHES: Final = "(name ILIKE %(pattern)s OR id ILIKE %(pattern)s)"
AFTER: Final = "issued_position < (SELECT issued_position FROM {table} WHERE stream = %(after)s)"


class ListApiKeys(PageQuery, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`q` is a part of the name or of the id, in any case. Of several roles, and of several statuses, any one will do."""

    role: tuple[Role, ...] = ()
    status: tuple[KeyStatus, ...] = ()
    q: Search | None = None


async def list_api_keys(reader: Reader, query: ListApiKeys) -> Page[ApiKey]:
    filters = Filters()
    filters.add_any_of("role", query.role)
    filters.add_any_of("status", query.status)
    filters.add_given(MATCHES, pattern=containing(query.q) if query.q else None)
    filters.add_given(AFTER, after=decode_cursor(query.cursor, UUID) if query.cursor else None)
    stale = await is_stale(reader, API_KEYS, query.min_position)
    rows = await fetch(reader, filters, limit=query.limit + 1)
    return page(rows, limit=query.limit, key=lambda key: key_stream(key.id), stale=stale)
