"""The installations, of the newest pair first, by what a person looks for."""

from typing import Final
from uuid import UUID

from domain.provider.state import provider_stream
from domain.skill.state import skill_stream
from projections.installations import Drift
from queries.filtering import Filters
from queries.installation_view import READ_MODELS, Installation, fetch
from queries.naming import ids_meant
from queries.paging import Page, PageQuery, decode_cursor, page
from queries.reading import Reader, any_is_stale

# Unlike the position of the newest event this one stays, so that what changes meanwhile is on one page and no other.
AFTER: Final = "begun_position < (SELECT begun_position FROM {table} WHERE id = %(after)s)"


class ListInstallations(PageQuery, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`skill` and `provider` are ids or names."""

    skill: str | None = None
    provider: str | None = None
    drift: Drift | None = None


async def list_installations(reader: Reader, query: ListInstallations) -> Page[Installation]:
    filters = Filters()
    if query.skill is not None:
        filters.add("skill_id = ANY(%(skills)s)", skills=list(ids_meant(query.skill, skill_stream)))
    if query.provider is not None:
        filters.add("provider_id = ANY(%(providers)s)", providers=list(ids_meant(query.provider, provider_stream)))
    filters.add_given("drift = %(drift)s", drift=query.drift)
    filters.add_given(AFTER, after=decode_cursor(query.cursor, UUID) if query.cursor else None)
    stale = await any_is_stale(reader, READ_MODELS, query.min_position)
    rows = await fetch(reader, filters, limit=query.limit + 1)
    return page(rows, limit=query.limit, key=lambda installation: installation.id, stale=stale)
