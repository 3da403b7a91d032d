"""The provider connections, the newest first, by what a person looks for."""

from typing import Final

from domain.provider.events import ProviderKind
from projections.providers import PROVIDERS, Provider
from queries.filtering import Filters, Search, containing
from queries.paging import Page, PageQuery, decode_cursor, page_of
from queries.reading import Reader, is_stale

SQL: Final = "SELECT {columns} FROM {table} WHERE {where} ORDER BY connected_position DESC LIMIT %(limit)s"
HAS: Final = "(name ILIKE %(pattern)s OR kind ILIKE %(pattern)s OR base_url ILIKE %(pattern)s)"


class ListProviders(PageQuery, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Of several kinds any will do. `active`: those in use, or those that are not, instead of all. `q` is a part of the name, of
    the kind or of the base URL, in any case.
    """

    kind: tuple[ProviderKind, ...] = ()
    active: bool | None = None
    q: Search | None = None


class PlacedProvider(Provider, frozen=True, kw_only=True, rename="camel"):
    connected_position: int


async def list_providers(reader: Reader, query: ListProviders) -> Page[Provider]:
    """Raises BadRequest."""
    filters = Filters()
    filters.add_any_of("kind", query.kind)
    filters.add_given("active = %(active)s", active=query.active)
    filters.add_given(HAS, pattern=containing(query.q) if query.q else None)
    before = decode_cursor(query.cursor, int) if query.cursor else None
    filters.add_given("connected_position < %(before)s", before=before)
    stale = await is_stale(reader, PROVIDERS, query.min_position)
    rows = await reader.fetch(PROVIDERS, filters.into(SQL), filters.values(limit=query.limit + 1), PlacedProvider)
    return page_of(Provider, rows, limit=query.limit, key=lambda one: one.connected_position, stale=stale)
