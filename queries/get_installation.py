"""One installation, or several by their ids."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from domain.errors import InstallationNotFound
from queries.filtering import Filters
from queries.installation_view import READ_MODELS, Installation, fetch
from queries.reading import Answer, Reader, any_is_stale, only


class GetInstallation(Struct, frozen=True, kw_only=True):
    installation_id: UUID
    min_position: int | None = None


class Installations(Struct, frozen=True, kw_only=True):
    """Those that are live, in the order asked for."""

    items: tuple[Installation, ...]
    stale: bool


async def get_installation(reader: Reader, query: GetInstallation) -> Answer[Installation]:
    """Raises InstallationNotFound."""
    found = await get_installations(reader, (query.installation_id,), min_position=query.min_position)
    missing = InstallationNotFound(f"Nothing is live that has the id {query.installation_id}.")
    return only(found.items, stale=found.stale, missing=missing)


async def get_installations(reader: Reader, ids: Sequence[UUID], *, min_position: int | None = None) -> Installations:
    stale = await any_is_stale(reader, READ_MODELS, min_position)
    filters = Filters()
    filters.add("installation.id = ANY(%(ids)s)", ids=list(ids))
    rows = {row.id: row for row in await fetch(reader, filters, limit=len(ids), row=Installation)}
    return Installations(items=tuple(rows[one] for one in ids if one in rows), stale=stale)
