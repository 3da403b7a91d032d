"""One API key."""

from msgspec import Struct

from domain.access.state import key_stream
from domain.errors import ApiKeyNotFound
from projections.api_keys import API_KEYS
from queries.api_key_view import ApiKey, fetch
from queries.filtering import Filters
from queries.reading import Answer, Reader, is_stale, only


class GetApiKey(Struct, frozen=True, kw_only=True):
    key_id: str
    min_position: int | None = None


async def get_api_key(reader: Reader, query: GetApiKey) -> Answer[ApiKey]:
    """Raises ApiKeyNotFound."""
    stale = await is_stale(reader, API_KEYS, query.min_position)
    filters = Filters()
    filters.add("stream = %(stream)s", stream=key_stream(query.key_id))
    rows = await fetch(reader, filters, limit=1)
    return only(rows, stale=stale, missing=ApiKeyNotFound(f"No API key has the id {query.key_id}."))
