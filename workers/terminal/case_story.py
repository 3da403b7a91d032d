"""A case in words: its events, its runs, what failed and what to do next, all of it folded from the events alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from adapters.cases.lanes import lanes_of
from adapters.cases.reading import YEARS
from adapters.cases.story import Proof, Story, ToldEvent, ToldRun, ToldSkill, Trouble
from adapters.cases.wording import counted, moment
from adapters.postgres.mapper import read_row
from domain.events import Recorded, UnknownEvent
from domain.evidence.case import Case, CaseEvent, Check
from domain.evidence.leaf import StoredEvent
from domain.install_run.events import SkillPin
from domain.installation.state import installation_stream
from domain.skill.events import SkillVersionPublished
from projections.install_run_targets import RunTarget
from projections.install_runs import INSTALL_RUNS, InstallRun, InstallRunRow
from projections.read_model import noun_of
from projections.rows import ImpossibleHistoryError
from projections.run_history import HistoryEvent, run_of
from projections.shown_event import SECRETS, keeps_back, members, shown
from workers.terminal.advice import advice_for
from workers.terminal.answers import Event, Run
from workers.terminal.event_wording import describe
from workers.terminal.run_view import sentence
from workers.terminal.wording import enumerated

DATA_CHARS_MAX: Final = 20_000
PLACES_SHOWN_MAX: Final = 20

Readable = Mapping[int, HistoryEvent]


class EventsOfCase(Struct, frozen=True, kw_only=True):
    """The events of a case: `recorded` are those that can be read, `readable` all that can be shown, by position."""

    recorded: tuple[Recorded, ...]
    readable: Readable


def decode(stored: StoredEvent) -> Recorded | None:
    """None for what is no event, or none any more."""
    try:
        recorded = read_row(
            position=stored.position,
            stream=stored.stream,
            version=stored.version,
            topic=stored.topic,
            state=stored.state,
        )
        told = msgspec.to_builtins((recorded.at, shown_members(recorded)), builtin_types=(datetime,))
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return recorded if all(map(is_a_time, _times_in(told))) else None


def shown_members(recorded: Recorded) -> Any:
    """What an event of a newer Waybill says is read as well, so that it can be shown later."""
    return members(recorded.event) if isinstance(recorded.event, UnknownEvent) else recorded.event


def is_a_time(at: datetime) -> bool:
    """One that can be compared with others, and shown in UTC."""
    return at.tzinfo is not None and at.year in YEARS


def _times_in(told: Any) -> Iterator[datetime]:
    match told:
        case datetime():
            yield told
        case dict():
            for value in told.values():
                yield from _times_in(value)
        case list() | tuple():
            for value in told:
                yield from _times_in(value)


def withholds(stored: StoredEvent, recorded: Recorded | None) -> bool:
    """What cannot be read may hold what is not shown."""
    return noun_of(stored.topic) in SECRETS if recorded is None else keeps_back(recorded)


def read_events(events: Iterable[CaseEvent], *, told: Readable) -> EventsOfCase:
    """`told` is what the case shows of its events, which is all that there is of one that is withheld."""
    recorded = [decode(event.stored) for event in events if event.withheld is None]
    known = tuple(one for one in recorded if one is not None)
    withheld = {event.position: told[event.position] for event in events if event.withheld and event.position in told}
    return EventsOfCase(recorded=known, readable=withheld | {one.position: shown(one) for one in known})


def tell(case: Case, events: EventsOfCase, *, checks: tuple[Check, ...] | None = None, pinned: bool = False) -> Story:
    runs = tuple(_runs(events.recorded, now=case.exported.at))
    proofs = {event.position: _proof(event) for event in case.events}
    places = _places(runs)
    told_runs = {one.run.id for one in runs}
    run_at = {one.position: run for one in events.recorded if (run := run_of(one)) in told_runs}
    told = tuple(
        _told(readable, run_id=run_at.get(position), proof=proofs[position], places=places)
        for position, readable in sorted(events.readable.items())
        if position in proofs
    )
    return Story(
        title=_title(runs, told),
        case=case,
        runs=runs,
        lanes=lanes_of(events.recorded, until=case.exported.at),
        events=told,
        troubles=tuple(_troubles(runs)),
        skills=tuple(_skills(runs, events.recorded)),
        checks=checks,
        pinned=pinned,
    )


def _runs(events: Sequence[Recorded], *, now: datetime) -> Iterator[ToldRun]:
    """In the order in which they were queued. A run that the case holds in part, or that cannot be, is told by its events only."""
    known = [one for one in events if type(one.event) in INSTALL_RUNS.events]
    by_run: dict[UUID, list[Recorded]] = {}
    for recorded in known:
        by_run.setdefault(recorded.stream, []).append(recorded)
    for run_id, history in by_run.items():
        try:
            rows = INSTALL_RUNS.fold(history, touched=(run_id,), stored=())
        except (ImpossibleHistoryError, LookupError):
            continue
        for row in rows:
            yield ToldRun(run=row, sentence=sentence(_as_answer(row), now=now))


def _as_answer(row: InstallRunRow) -> Run:
    answer: Run = msgspec.json.decode(msgspec.json.encode(row), type=Run)
    return answer


def _places(runs: Sequence[ToldRun]) -> dict[UUID, tuple[str, UUID]]:
    """The name and id of the connection by its own id, and by the stream of what is installed there."""
    places: dict[UUID, tuple[str, UUID]] = {}
    for told in runs:
        for target in told.run.targets:
            place = (target.provider.name, target.provider.id)
            places[target.provider.id] = places[installation_stream(told.run.skill.id, target.provider.id)] = place
    return places


def _told(
    readable: HistoryEvent, *, run_id: UUID | None, proof: Proof, places: Mapping[UUID, tuple[str, UUID]]
) -> ToldEvent:
    data: Any = msgspec.json.decode(readable.data)
    name, provider_id = _place(readable, data, places)
    event = msgspec.json.decode(msgspec.json.encode(readable), type=Event)
    pretty = msgspec.json.format(bytes(readable.data), indent=2).decode()
    return ToldEvent(
        position=readable.position,
        at=readable.at,
        name=readable.event,
        who=readable.actor.name,
        what=describe(event, at=name),
        data=pretty[:DATA_CHARS_MAX] if data else "",
        run_id=run_id,
        provider_id=provider_id,
        proof=proof,
    )


def _place(readable: HistoryEvent, data: Any, places: Mapping[UUID, tuple[str, UUID]]) -> tuple[str, UUID | None]:
    told = data.get("providerId") if isinstance(data, dict) else None
    try:
        provider_id = UUID(str(told)) if told is not None else readable.stream
    except ValueError:
        provider_id = readable.stream
    return places.get(provider_id, ("", None))


def _proof(event: CaseEvent) -> Proof:
    if event.path is None:
        return "unsealed"
    return "sealed" if event.withheld is None else "withheld"


def _troubles(runs: Sequence[ToldRun]) -> Iterator[Trouble]:
    """By code, the one with the most targets first."""
    by_code: dict[str, list[tuple[InstallRun, RunTarget]]] = {}
    for told in runs:
        for target in told.run.targets:
            if target.code is not None:
                by_code.setdefault(target.code.value, []).append((told.run, target))
    for code, failed in sorted(by_code.items(), key=lambda item: -len(item[1])):
        advice = advice_for(code) or ""
        yield Trouble(
            code=code,
            places=tuple(_places_of(failed, alone=len(runs) == 1)),
            said=next((target.message for _, target in failed if target.message), ""),
            advice=advice.replace("RUN", str(failed[0][0].id)) if len(runs) == 1 else advice,
        )


def _places_of(failed: Sequence[tuple[InstallRun, RunTarget]], *, alone: bool) -> Iterator[str]:
    """`alone`: it goes without saying which run is meant."""
    for run, target in failed[:PLACES_SHOWN_MAX]:
        name = target.provider.name
        yield name if alone else f"{name} ({run.skill.name} v{run.skill.version})"
    if len(failed) > PLACES_SHOWN_MAX:
        yield f"{len(failed) - PLACES_SHOWN_MAX} more"


def _skills(runs: Sequence[ToldRun], events: Sequence[Recorded]) -> Iterator[ToldSkill]:
    published = {
        (one.stream, one.event.version): one.event for one in events if isinstance(one.event, SkillVersionPublished)
    }
    pins: dict[tuple[UUID, int], SkillPin] = {
        (told.run.skill.id, told.run.skill.version): told.run.skill for told in runs
    }
    for place, pin in pins.items():
        event = published.get(place)
        files = () if event is None else event.manifest
        yield ToldSkill(name=pin.name, version=pin.version, digest=pin.digest, files=files)


def _title(runs: Sequence[ToldRun], events: Sequence[ToldEvent]) -> str:
    if len(runs) == 1:
        run = runs[0].run
        names = [target.provider.name for target in run.targets]
        shown_names = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more"]
        return f"{run.skill.name} v{run.skill.version} at {enumerated(shown_names)}"
    what = counted(len(runs), "run") if runs else counted(len(events), "event")
    return f"{what} from {moment(events[0].at)[:16]} to {moment(events[-1].at)[:16]} UTC" if events else what
