"""The install runs, the newest first, by what a person looks for."""

from typing import Final

from domain.errors import Code
from domain.install_run.events import RunKind
from domain.install_run.state import RunStatus
from domain.provider.state import provider_stream
from domain.skill.state import skill_stream
from projections.api_keys import API_KEYS
from projections.install_runs import INSTALL_RUNS, InstallRun
from projections.providers import PROVIDERS
from projections.skills import SKILLS
from queries.filtering import Filters, Moment, Search, Text, containing, ids_beginning
from queries.matching import Matches
from queries.naming import ids_meant
from queries.paging import Page, PageQuery, decode_cursor, page_of
from queries.reading import Reader, any_is_stale
from queries.searching import actors_named, providers_named, skills_named

SQL: Final = "SELECT {columns} FROM {table} WHERE {where} ORDER BY queued_position DESC LIMIT %(limit)s"
# A single id, unlike a list of them, lets the index give the rows in order.
OF_SKILL: Final = "skill_id = (SELECT skill_id FROM {table} WHERE skill_id = ANY(%(skills)s) LIMIT 1)"
OF_SKILLS: Final = "skill_id = ANY(%(skills)s)"
# The first half is the condition of the index.
FAILED_WITH: Final = "failures <> '{}' AND failures ?| %(codes)s"
ANSWERED_WITH: Final = "(provider_request_ids <> '{}' AND provider_request_ids @> ARRAY[%(q)s])"
AT_PROVIDER: Final = """
    EXISTS (SELECT FROM jsonb_array_elements(targets) AS target WHERE target -> 'provider' ->> 'name' ILIKE %(q_pattern)s)
"""


class ListInstallRuns(PageQuery, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`skill` and `provider` are ids or names, `actor` is an id, `code` one that a target failed with. Of several values of one
    filter any will do.

    `q` is a part of the name of the skill, of a provider or of who asked, in any case; the beginning of the run's id; or exactly
    the id of who asked, of the correlation, or of a request as a provider knows it.

    `since` and `until` are about when a run was queued; the first is included, the second is not.
    """

    status: tuple[RunStatus, ...] = ()
    kind: tuple[RunKind, ...] = ()
    skill: tuple[Text, ...] = ()
    provider: tuple[Text, ...] = ()
    actor: tuple[Text, ...] = ()
    code: tuple[Code, ...] = ()
    q: Search | None = None
    since: Moment | None = None
    until: Moment | None = None


class PlacedRun(InstallRun, frozen=True, kw_only=True, rename="camel"):
    queued_position: int


async def list_install_runs(reader: Reader, query: ListInstallRuns) -> Page[InstallRun]:
    """Raises BadRequest."""
    filters = _filters(query)
    models = (INSTALL_RUNS,) if query.q is None else (INSTALL_RUNS, SKILLS, PROVIDERS, API_KEYS)
    stale = await any_is_stale(reader, models, query.min_position)
    if query.q is None:
        rows = await reader.fetch(INSTALL_RUNS, filters.into(SQL), filters.values(limit=query.limit + 1), PlacedRun)
    else:
        matches = await _matches(reader, query.q, filters)
        rows = await matches.fetch(reader, INSTALL_RUNS, limit=query.limit + 1, row=PlacedRun)
    return page_of(InstallRun, rows, limit=query.limit, key=lambda run: run.queued_position, stale=stale)


def _filters(query: ListInstallRuns) -> Filters:
    filters = Filters()
    filters.add_any_of("status", query.status)
    filters.add_any_of("kind", query.kind)
    skills = tuple(one for skill in query.skill for one in ids_meant(skill, skill_stream))
    filters.add_given(OF_SKILL if len(query.skill) == 1 else OF_SKILLS, skills=skills)
    providers = tuple(one for provider in query.provider for one in ids_meant(provider, provider_stream))
    filters.add_given("provider_ids && %(providers)s", providers=providers)
    filters.add_any_of("actor_id", query.actor)
    filters.add_given(FAILED_WITH, codes=query.code)
    filters.add_times("queued_at", since=query.since, until=query.until)
    filters.add_given("queued_position < %(before)s", before=decode_cursor(query.cursor, int) if query.cursor else None)
    return filters


async def _matches(reader: Reader, text: str, filters: Filters) -> Matches:
    """What too many have in their names to list them is soon found among the newest."""
    matches = Matches(filters, place="queued_position")
    pattern = containing(text)
    matches.add(ANSWERED_WITH, q=text.strip())
    if (actors := await actors_named(reader, text)) is None:
        matches.add("requested_by ->> 'name' ILIKE %(q_pattern)s", q_pattern=pattern)
    matches.add_each("actor_id", actors or ())
    if (skills := await skills_named(reader, text)) is None:
        matches.add("skill ->> 'name' ILIKE %(q_pattern)s", q_pattern=pattern)
    matches.add_each("skill_id", skills or ())
    if (providers := await providers_named(reader, text)) is None:
        matches.add(AT_PROVIDER, q_pattern=pattern)
    elif providers:
        matches.add("provider_ids && %(q_providers)s", q_providers=list(providers))
    if ids := ids_beginning(text):
        matches.add("id BETWEEN %(q_first)s AND %(q_last)s", q_first=ids[0], q_last=ids[1])
        matches.add_each("correlation_id", (ids[0],))
    return matches
