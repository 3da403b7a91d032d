"""The installations, of the newest pair first, by what a person looks for."""

from typing import Final

from domain.provider.state import provider_stream
from domain.skill.state import skill_stream
from projections.installations import Drift
from queries.filtering import Filters, Search, Text, containing
from queries.installation_view import READ_MODELS, Installation, PlacedInstallation, fetch
from queries.naming import ids_meant
from queries.paging import Page, PageQuery, decode_cursor, page_of
from queries.reading import Reader, any_is_stale

HAS: Final = """
    (skill_name ILIKE %(pattern)s OR provider_name ILIKE %(pattern)s OR receipt ->> 'remoteId' ILIKE %(pattern)s)
"""


class ListInstallations(PageQuery, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`skill` and `provider` are ids or names. Of several values of one filter any will do. `q` is a part of the name of the
    skill or the provider, or of the provider's own id, in any case.
    """

    skill: tuple[Text, ...] = ()
    provider: tuple[Text, ...] = ()
    drift: tuple[Drift, ...] = ()
    q: Search | None = None


async def list_installations(reader: Reader, query: ListInstallations) -> Page[Installation]:
    """Raises BadRequest."""
    filters = Filters()
    skills = tuple(one for skill in query.skill for one in ids_meant(skill, skill_stream))
    filters.add_given("skill_id = ANY(%(skills)s)", skills=skills)
    providers = tuple(one for provider in query.provider for one in ids_meant(provider, provider_stream))
    filters.add_given("provider_id = ANY(%(providers)s)", providers=providers)
    filters.add_any_of("drift", query.drift)
    filters.add_given(HAS, pattern=containing(query.q) if query.q else None)
    # Unlike the position of the newest event this one stays, so that what changes meanwhile is on one page and no other.
    filters.add_given("begun_position < %(before)s", before=decode_cursor(query.cursor, int) if query.cursor else None)
    stale = await any_is_stale(reader, READ_MODELS, query.min_position)
    rows = await fetch(reader, filters, limit=query.limit + 1, row=PlacedInstallation)
    return page_of(Installation, rows, limit=query.limit, key=lambda one: one.begun_position, stale=stale)
