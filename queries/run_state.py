"""A run as it was at a moment: as the contract showed it, as decisions were made by it, and what was live where."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.errors import Problem, RunNotFound
from domain.evidence.ports import EventArchive
from domain.ports import EventStore
from projections.install_runs import InstallRun
from projections.run_history import run_of
from queries.moments import Asked, Moment, moment_at, position_of
from queries.run_folding import BrokenRows, InstallationThen, RunFolding
from queries.run_streams import RunStreams, load_run


class GetRunState(Struct, frozen=True, kw_only=True):
    """`at` is None for what is now; `now` is the time at which it is asked."""

    run_id: UUID
    at: Asked | None
    now: datetime


class RunState(Moment, frozen=True, kw_only=True, rename="camel"):
    """All of it is folded from the events up to `position`, of which `events` stand in the run's history.

    `run` is None where its read model cannot take the events, as `broken` says. `state` is what decisions are made by; its members
    belong to this version of Waybill.
    """

    run: InstallRun | None
    state: dict[str, Any]
    installations: tuple[InstallationThen, ...]
    events: int
    broken: tuple[BrokenRows, ...]


async def get_run_state(store: EventStore, log: EventArchive, query: GetRunState) -> RunState:
    """Raises RunNotFound, BadRequest, HistoryTooNew, StoreOffline."""
    position = await position_of(log, query.at, name="at", now=query.now)
    streams = await load_run(store, query.run_id)
    check_begun(streams, position, name="at")
    folding = RunFolding(streams)
    events = 0
    for recorded in streams.all_events:
        if recorded.position <= position:
            folding.take(recorded)
            events += run_of(recorded) == query.run_id
    moment = await moment_at(log, position)
    return RunState(
        position=moment.position,
        at=moment.at,
        run=folding.run,
        state=folding.state or {},
        installations=folding.installations,
        events=events,
        broken=folding.broken,
    )


def check_begun(streams: RunStreams, position: int, *, name: str) -> None:
    """Raises RunNotFound for a moment before the run was asked for."""
    first = streams.events[0]
    if position >= first.position:
        return
    message = f"is before the run: its first event is at position {first.position}, {first.at:%Y-%m-%dT%H:%M:%S.%fZ}"
    problem = Problem(pointer=f"?{name}", message=message)
    raise RunNotFound(f"The moment of {name} {message}.", problems=(problem,))
