"""The runs that chat speaks of, the newest first, as facts without the providers' own words."""

from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.chat.facts import RunFact, RunsFound, TargetFact
from domain.chat.ports import RunsWanted
from projections.chat_actions import CHAT_ACTIONS
from projections.install_run_targets import RunTarget
from projections.install_runs import INSTALL_RUNS, InstallRun
from queries.chat_freshness import check_known
from queries.filtering import Filters, ids_beginning
from queries.reading import Reader, is_stale

SQL: Final = "SELECT {columns} FROM {table} WHERE {where} ORDER BY queued_position DESC LIMIT %(limit)s"
# Ids sort by the time they were made at: looked up by themselves, they are found without a guess how many there are.
BEGINNINGS_MAX: Final = 1000
BEGINNING: Final = """
    id = ANY (ARRAY (
        SELECT id FROM {table} WHERE id BETWEEN %(first)s AND %(last)s ORDER BY id DESC LIMIT %(beginnings_max)s
    ))
"""
OF_LAST_ACTION: Final = """
    SELECT run_ids AS "runIds" FROM {table} WHERE caller = %(caller)s AND run_ids <> '{}'
    ORDER BY received_position DESC LIMIT 1
"""


class ChatRuns(Struct, frozen=True, kw_only=True):
    wanted: RunsWanted
    limit: int


class _LedTo(Struct, frozen=True, kw_only=True, rename="camel"):
    run_ids: tuple[UUID, ...]


async def chat_runs(reader: Reader, query: ChatRuns) -> RunsFound:
    """Raises StoreOffline; also if there are none, but some may only not have come here yet."""
    filters = _filters(query.wanted)
    stale = await is_stale(reader, INSTALL_RUNS, None)
    rows = await reader.fetch(INSTALL_RUNS, filters.into(SQL), filters.values(limit=query.limit + 1), InstallRun)
    check_known(rows, stale=stale)
    return RunsFound(items=tuple(fact_of(run) for run in rows[: query.limit]), more=len(rows) > query.limit)


def _filters(wanted: RunsWanted) -> Filters:
    filters = Filters()
    filters.add_any_of("id", wanted.ids)
    if wanted.beginning is not None:
        # What no id begins with is found nowhere.
        first, last = ids_beginning(wanted.beginning) or (None, None)
        filters.add(BEGINNING, first=first, last=last, beginnings_max=BEGINNINGS_MAX)
    filters.add_any_of("skill_id", wanted.skills)
    filters.add_given("provider_ids && %(providers)s", providers=wanted.providers)
    filters.add_any_of("status", wanted.statuses)
    filters.add_any_of("kind", wanted.kinds)
    filters.add_given("actor_id = %(by)s", by=wanted.by)
    return filters


async def runs_of_last_action(reader: Reader, caller: str) -> tuple[UUID, ...]:
    """What the newest chat action of this key that led to any run led to. Raises StoreOffline."""
    await is_stale(reader, CHAT_ACTIONS, None)
    rows = await reader.fetch(CHAT_ACTIONS, OF_LAST_ACTION, {"caller": caller}, _LedTo)
    return rows[0].run_ids if rows else ()


def fact_of(run: InstallRun) -> RunFact:
    return RunFact(
        id=run.id,
        kind=run.kind,
        status=run.status,
        reason=run.reason,
        skill=run.skill.name,
        version=run.skill.version,
        targets=tuple(_target(target) for target in run.targets),
        by=run.requested_by.name,
        by_id=run.requested_by.id,
        queued_at=run.queued_at,
        finished_at=run.finished_at,
        retried_by=run.retried_by,
    )


def _target(target: RunTarget) -> TargetFact:
    return TargetFact(
        provider_id=target.provider.id,
        provider=target.provider.name,
        status=target.status,
        code=target.code,
        attempts=target.attempts,
        next_attempt_at=target.next_attempt_at,
    )
