"""The audit log, the newest entry first, by who, what, to what, and how it went."""

from collections.abc import Iterable
from typing import Annotated, Any, Final
from uuid import UUID

from msgspec import Meta

from domain.errors import BadRequest, Code, Problem
from projections.api_keys import API_KEYS
from projections.audit_actions import ACTIONS
from projections.audit_log import AUDIT_LOG, AuditEntry, Result
from projections.chat_actions import CHAT_ACTIONS
from projections.install_runs import INSTALL_RUNS
from projections.installations import INSTALLATIONS
from projections.providers import PROVIDERS
from projections.read_model import ReadModel
from projections.skills import SKILLS
from queries.filtering import Filters, Moment, Search, Text, containing, ids_beginning
from queries.matching import Matches
from queries.paging import Page, PageQuery, decode_cursor, page
from queries.reading import Reader, any_is_stale
from queries.searching import (
    actors_named,
    chat_actions_beginning,
    installations_of,
    providers_named,
    runs_beginning,
    skills_named,
)

SQL: Final = "SELECT {columns} FROM {table} WHERE {where} ORDER BY position DESC LIMIT %(limit)s"
# The first half is the column of the index.
AT_TARGET: Final = "lower(target) = ANY(%(lowered)s) AND target = ANY(%(target)s)"
# What a search has to know besides.
SEARCHED: Final[tuple[ReadModel[Any], ...]] = (
    SKILLS,
    PROVIDERS,
    INSTALLATIONS,
    INSTALL_RUNS,
    API_KEYS,
    CHAT_ACTIONS,
)


# Said in the OpenAPI document; it is checked below, in better words.
Action = Annotated[Text, Meta(extra_json_schema={"enum": sorted(ACTIONS.values())})]


class ListAuditLog(PageQuery, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`actor` is an id; `action` and `target` are as entries show them. Of several values of one filter any will do.

    `q` is a part of the action, of the name of who did it, or of the skill or connection that it was done to, in any case; the
    beginning of the id of a run or a chat action; or exactly a target, or the id of who did it, of the request or of the
    correlation.

    `since` is included, `until` is not.
    """

    actor: tuple[Text, ...] = ()
    action: tuple[Action, ...] = ()
    target: tuple[Text, ...] = ()
    result: tuple[Result, ...] = ()
    code: tuple[Code, ...] = ()
    q: Search | None = None
    since: Moment | None = None
    until: Moment | None = None


async def list_audit_log(reader: Reader, query: ListAuditLog) -> Page[AuditEntry]:
    """Raises BadRequest."""
    filters = filters_of(query)
    filters.add_given("position < %(before)s", before=decode_cursor(query.cursor, int) if query.cursor else None)
    stale = await any_is_stale(reader, models_of(query), query.min_position)
    if query.q is None:
        rows = await reader.fetch(AUDIT_LOG, filters.into(SQL), filters.values(limit=query.limit + 1), AuditEntry)
    else:
        matches = await matches_of(reader, query.q, filters)
        rows = await matches.fetch(reader, AUDIT_LOG, limit=query.limit + 1, row=AuditEntry)
    return page(rows, limit=query.limit, key=lambda entry: entry.position, stale=stale)


def models_of(query: ListAuditLog) -> tuple[ReadModel[Any], ...]:
    """What has to be known to answer it."""
    return (AUDIT_LOG,) if query.q is None else (AUDIT_LOG, *SEARCHED)


def filters_of(query: ListAuditLog) -> Filters:
    """All of it but the search and the page. Raises BadRequest."""
    _check_actions(query.action)
    filters = Filters()
    filters.add_any_of("actor_id", query.actor)
    filters.add_any_of("action", query.action)
    lowered = tuple(target.lower() for target in query.target)
    filters.add_given(AT_TARGET, lowered=lowered, target=query.target)
    filters.add_any_of("result", query.result)
    filters.add_any_of("code", query.code)
    filters.add_times("at", since=query.since, until=query.until)
    return filters


def _check_actions(actions: Iterable[str]) -> None:
    """A mistyped one must not pass for something that was never done."""
    for index, action in enumerate(actions):
        if action not in ACTIONS.values():
            problem = Problem(pointer=f"?action/{index}", message="is not an action of the audit log")
            raise BadRequest("There is no such action: one looks like install_run.queued.", problems=(problem,))


async def matches_of(reader: Reader, text: str, filters: Filters) -> Matches:
    """What too many have in their names to list them is soon found among the newest."""
    matches = Matches(filters, place="position")
    said, pattern = text.strip().lower(), containing(text)
    matches.add_each("request_id", (text.strip(),))
    matches.add_each("action", [action for action in ACTIONS.values() if said in action])
    if (actors := await actors_named(reader, text)) is None:
        matches.add("actor ->> 'name' ILIKE %(q_pattern)s", q_pattern=pattern)
    matches.add_each("actor_id", actors or ())
    subjects, targets = await _subjects(reader, text), await _targets(reader, text)
    if subjects is None or targets is None:
        matches.add("target ILIKE %(q_pattern)s", q_pattern=pattern)
    matches.add_each("subject", subjects or ())
    matches.add_each("lower(target)", (said, f"api_key:{said}", *(targets or ())))
    if ids := ids_beginning(text):
        matches.add_each("correlation_id", (ids[0],))
    return matches


async def _subjects(reader: Reader, text: str) -> tuple[UUID, ...] | None:
    """The skills and connections with this in their names, and what is installed of or at them; None for too many."""
    skills, providers = await skills_named(reader, text), await providers_named(reader, text)
    if skills is None or providers is None:
        return None
    installations = await installations_of(reader, skills=skills, providers=providers)
    return None if installations is None else (*skills, *providers, *installations)


async def _targets(reader: Reader, text: str) -> tuple[str, ...] | None:
    """What has no name, by how its id begins; None for too many."""
    runs, chat_actions = await runs_beginning(reader, text), await chat_actions_beginning(reader, text)
    if runs is None or chat_actions is None:
        return None
    return (*(f"install_run:{run}" for run in runs), *(f"chat_action:{action}" for action in chat_actions))
