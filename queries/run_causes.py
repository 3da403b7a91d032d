"""Why a run went as it did: everything that its events rest on, in its own streams and in others."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.events import Recorded
from domain.evidence.ports import EventArchive
from domain.install_run.events import RunQueued
from domain.install_run.state import ENDINGS
from domain.installation.events import InstallationEvent, InstallationReserved
from domain.ports import EventStore
from projections.audit_log import AUDIT_LOG
from projections.install_runs import InstallRun
from projections.run_history import run_of
from queries.cause_nodes import Because, CauseLink, CauseNode, link_to
from queries.cause_tree import Woods
from queries.reading import Reader, is_stale
from queries.run_folding import RunFolding
from queries.run_streams import RunStreams, in_order, load_run

NODES_MAX: Final = 2_000
CORRELATIONS_MAX: Final = 20
CORRELATED_MAX: Final = 500
# Causes that are in none of the streams are looked for one by one.
CAUSES_SOUGHT_MAX: Final = 20

# Of other runs that one request led to, it is enough to know that there are any.
CORRELATED: Final = """
    SELECT {columns} FROM {table}
    WHERE correlation_id = ANY(%(ids)s) AND (action NOT LIKE 'install%%' OR action = 'install_run.queued')
    LIMIT %(limit)s
"""
# Who was refused had a request of their own, and only its address says which run it was about.
DENIED: Final = """
    SELECT {columns} FROM {table} WHERE lower(target) = ANY(%(targets)s) LIMIT %(limit)s
"""
ASKED_OF_RUNS: Final = ("cancel", "retry", "rollback")


class Placed(Struct, frozen=True):
    position: int


class RunCauses(Struct, frozen=True, kw_only=True, rename="camel"):
    """`run` as it is now, None where its read model cannot take its events. `omitted` events have no node, because there are too
    many. `stale`: what was stored last outside of the run's own streams may be missing.
    """

    run: InstallRun | None
    roots: tuple[CauseNode, ...]
    omitted: int
    stale: bool


async def get_run_causes(store: EventStore, log: EventArchive, reader: Reader, run_id: UUID) -> RunCauses:
    """Raises RunNotFound, HistoryTooNew, StoreOffline."""
    streams = await load_run(store, run_id)
    history = streams.history
    stale = await is_stale(reader, AUDIT_LOG, None)
    correlated = await _correlated(log, reader, run_id, history)
    found = {event.id: event for event in (*streams.all_events, *correlated)}
    beside = (*correlated, *await _causes_elsewhere(log, found, (*history, *correlated)))
    wanted = in_order({event.id: event for event in (*history[:NODES_MAX], *beside)}.values())
    woods = Woods(run_id=run_id, events=wanted[:NODES_MAX], others=found.values(), names=streams.names)
    folding = RunFolding(streams)
    for recorded in streams.all_events:
        folding.take(recorded)
    links = {streams.events[0].id: await _origins(store, streams.queued)} | _turns(streams)
    return RunCauses(
        run=folding.run,
        roots=woods.roots(links=links),
        omitted=max(len(history) - NODES_MAX, 0) + max(len(wanted) - NODES_MAX, 0),
        stale=stale,
    )


async def _correlated(
    log: EventArchive, reader: Reader, run_id: UUID, history: Sequence[Recorded]
) -> tuple[Recorded, ...]:
    """What the request that asked for the run led to besides, what those led to that were about the run, and those that were
    refused.
    """
    asked = (event.correlation_id for event in history if event is history[0] or event.actor.kind == "api_key")
    ids = list(dict.fromkeys(asked))[:CORRELATIONS_MAX]
    targets = [f"route:post /api/install-runs/{run_id}/{action}" for action in ASKED_OF_RUNS]
    placed = [
        *await reader.fetch(AUDIT_LOG, CORRELATED, {"ids": ids, "limit": CORRELATED_MAX}, Placed),
        *await reader.fetch(AUDIT_LOG, DENIED, {"targets": targets, "limit": CORRELATED_MAX}, Placed),
    ]
    return await log.read_at([one.position for one in placed])


async def _causes_elsewhere(
    log: EventArchive, found: dict[UUID, Recorded], events: Iterable[Recorded]
) -> list[Recorded]:
    """Causes in other streams, which are put into `found`, and theirs; those that are returned belong to no run."""
    sought: set[UUID] = set()
    waiting = [event.causation_id for event in events]
    added: list[Recorded] = []
    while waiting and len(sought) < CAUSES_SOUGHT_MAX:
        cause_id = waiting.pop(0)
        if cause_id is None or cause_id in found or cause_id in sought:
            continue
        sought.add(cause_id)
        cause = await log.find(cause_id)
        if cause is None:
            continue
        found[cause.id] = cause
        if run_of(cause) is None:
            added.append(cause)
            waiting.append(cause.causation_id)
    return added


async def _origins(store: EventStore, queued: RunQueued) -> tuple[CauseLink, ...]:
    """How the run ended that this one tries again, or takes back."""
    because: tuple[tuple[Because, UUID | None], ...] = (("retry", queued.retry_of), ("rollback", queued.rollback_of))
    links = []
    for reason, run_id in because:
        if run_id is None:
            continue
        ended = [event for event in await store.load(run_id) if type(event.event) in ENDINGS]
        links.append(link_to(ended[-1], because=reason) if ended else CauseLink(because=reason, id=None, run_id=run_id))
    return tuple(links)


def _turns(streams: RunStreams) -> dict[UUID, tuple[CauseLink, ...]]:
    """By the event that gave the run its turn, what another run said last about the pair before."""
    links: dict[UUID, tuple[CauseLink, ...]] = {}
    for pair in streams.pairs:
        for before, event in zip(pair.events, pair.events[1:], strict=False):
            if not isinstance(event.event, InstallationReserved) or run_of(event) != streams.run_id:
                continue
            if isinstance(before.event, InstallationEvent) and before.at == event.at:
                links[event.id] = (link_to(before, because="turn"),)
    return links
