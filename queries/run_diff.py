"""What changed about a run between two moments, and which event changed each field."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct, field

from domain.errors import BadRequest, Problem
from domain.events import Recorded
from domain.evidence.ports import EventArchive
from domain.ports import EventStore
from queries.moments import Asked, Moment, moment_at, position_of
from queries.run_folding import BrokenRows, RunFolding, leaves_of
from queries.run_state import check_begun
from queries.run_streams import RunStreams, load_run


class GetRunDiff(Struct, frozen=True, kw_only=True):
    """`since` is None for the run's first event, and `until` for what is now; `now` is the time at which it is asked."""

    run_id: UUID
    since: Asked | None
    until: Asked | None
    now: datetime


class NamedEvent(Struct, frozen=True, kw_only=True, rename="camel"):
    id: UUID
    position: int
    event: str
    at: datetime


class RunChange(Struct, frozen=True, kw_only=True, rename="camel"):
    """`path` is a JSON pointer into what it is a change `of`: `run`, `state`, or `installation:kbo-results@claude`.

    `event` is the last one that changed it, for the `times`-th time.
    """

    path: str
    of: Annotated[str, Meta(extra_json_schema={"pattern": "^(run|state|installation:.+)$"})]
    before: Any
    after: Any
    event: NamedEvent
    times: int


class RunDiff(Struct, frozen=True, kw_only=True, rename="camel"):
    """`changes` are in the order of the events that made them. `events` are all those in between, of the run and its pairs."""

    from_: Moment = field(name="from")
    to: Moment
    changes: tuple[RunChange, ...]
    events: tuple[NamedEvent, ...]
    broken: tuple[BrokenRows, ...]


async def get_run_diff(store: EventStore, log: EventArchive, query: GetRunDiff) -> RunDiff:
    """Raises RunNotFound, BadRequest, HistoryTooNew, StoreOffline."""
    until = await position_of(log, query.until, name="to", now=query.now)
    streams = await load_run(store, query.run_id)
    first = streams.events[0].position
    since = first if query.since is None else await position_of(log, query.since, name="from", now=query.now)
    check_begun(streams, until, name="to")
    if since > until:
        problem = Problem(pointer="?to", message="must not be before from")
        raise BadRequest(f"Nothing changes from {since} until {until}, which is before.", problems=(problem,))
    changes, broken = changes_between(streams, since=since, until=until)
    between = tuple(named(event) for event in streams.all_events if since < event.position <= until)
    return RunDiff(
        from_=await moment_at(log, since),
        to=await moment_at(log, until),
        changes=changes,
        events=between,
        broken=broken,
    )


def changes_between(
    streams: RunStreams, *, since: int, until: int
) -> tuple[tuple[RunChange, ...], tuple[BrokenRows, ...]]:
    """What is at the end as it was at the beginning has not changed, whatever happened in between."""
    folding = RunFolding(streams)
    changes: dict[tuple[str, str], RunChange] = {}
    for recorded in streams.all_events:
        if recorded.position <= since:
            folding.take(recorded)
        elif recorded.position <= until:
            for change in _changed_by(recorded, streams, folding):
                former = changes.get((change.of, change.path))
                changes[change.of, change.path] = change if former is None else _again(former, change)
    left = [change for change in changes.values() if change.before != change.after]
    return tuple(sorted(left, key=lambda change: change.event.position)), folding.broken


def _changed_by(recorded: Recorded, streams: RunStreams, folding: RunFolding) -> list[RunChange]:
    things = _things(recorded, streams)
    before = {of: dict(leaves_of(folding.shown(of))) for of in things}
    folding.take(recorded)
    after = {of: dict(leaves_of(folding.shown(of))) for of in things}
    return [
        RunChange(
            path=path,
            of=of,
            before=before[of].get(path),
            after=after[of].get(path),
            event=named(recorded),
            times=1,
        )
        for of in things
        for path in (before[of] | after[of])
        if before[of].get(path) != after[of].get(path)
    ]


def _things(recorded: Recorded, streams: RunStreams) -> tuple[str, ...]:
    pair = streams.pair(recorded.stream)
    return ("run", "state") if pair is None else (f"installation:{pair.name}",)


def _again(former: RunChange, change: RunChange) -> RunChange:
    return RunChange(
        path=change.path,
        of=change.of,
        before=former.before,
        after=change.after,
        event=change.event,
        times=former.times + 1,
    )


def named(recorded: Recorded) -> NamedEvent:
    return NamedEvent(id=recorded.id, position=recorded.position, event=recorded.name, at=recorded.at)
