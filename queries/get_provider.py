"""One provider connection."""

from typing import Final

from msgspec import Struct

from domain.errors import ProviderNotFound
from domain.provider.state import provider_stream
from projections.providers import PROVIDERS, Provider
from queries.naming import ids_meant
from queries.reading import Answer, Reader, is_stale, only

SQL: Final = "SELECT {columns} FROM {table} WHERE id = ANY(%(ids)s)"


class GetProvider(Struct, frozen=True, kw_only=True):
    """`provider` is an id or a name."""

    provider: str
    min_position: int | None = None


async def get_provider(reader: Reader, query: GetProvider) -> Answer[Provider]:
    """Raises ProviderNotFound."""
    stale = await is_stale(reader, PROVIDERS, query.min_position)
    ids = ids_meant(query.provider, provider_stream)
    rows = await reader.fetch(PROVIDERS, SQL, {"ids": list(ids)}, Provider)
    return only(rows, stale=stale, missing=ProviderNotFound(f"No connection has the id or name {query.provider}."))
