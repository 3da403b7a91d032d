"""Makes a case of an incident: gathered, put on record, proven, and told."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

from adapters.cases.page import page
from adapters.cases.writing import zip_case
from adapters.postgres.case_events import PostgresCaseEvents
from adapters.postgres.connection import Pool
from adapters.postgres.evidence_tiles import PostgresTiles
from commands.record_export import RecordExport
from domain.events import Context
from domain.evidence.case import Case, CaseEvent, CaseScope, Exported
from domain.evidence.ports import EventArchive, Tiles
from projections.shown_event import shown
from queries.gather_case import GatherCase, Gathered
from queries.prove_case import Path, prove_case
from queries.reading import Reader
from workers.case_settings import shown_settings, software
from workers.settings import Settings
from workers.terminal.case_story import EventsOfCase, decode, tell, withholds

# Each takes as much memory as a case has bytes, several times over.
AT_ONCE_MAX: Final = 2

Record = Callable[[RecordExport, Context], Awaitable[int]]


class ExportIncident:
    """`settings` and `software` are what a case says of this program."""

    def __init__(
        self,
        *,
        gather: GatherCase,
        tiles: Tiles,
        record: Record,
        settings: Mapping[str, Any],
        software: Mapping[str, str],
        clock: Callable[[], datetime],
    ) -> None:
        self._gather = gather
        self._tiles = tiles
        self._record = record
        self._settings = settings
        self._software = software
        self._clock = clock
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)

    async def __call__(self, scope: CaseScope, context: Context) -> bytes:
        """The zip. It is on record who takes it before anything is given out. Raises RunNotFound, EvidenceTooLarge, Busy,
        StoreOffline.
        """
        async with self._turns:
            gathered = await self._gather(scope)
            exported = await self._recorded(scope, gathered, context)
            proven = await prove_case(self._tiles, [event.position for event in gathered.events])
            case = Case(
                scope=scope,
                exported=exported,
                up_to_position=gathered.up_to_position,
                events=tuple(_held(gathered, proven.paths)),
                rows=gathered.rows,
                software=self._software,
                settings=self._settings,
                note=proven.note,
                public_key=proven.public_key,
            )
            return await asyncio.to_thread(_written, case, gathered)

    async def _recorded(self, scope: CaseScope, gathered: Gathered, context: Context) -> Exported:
        command = RecordExport(
            kind="incident",
            format="zip",
            runs=scope.runs,
            since=scope.since,
            until=scope.until,
            up_to_position=gathered.up_to_position,
        )
        position = await self._record(command, context)
        actor = context.actor
        return Exported(
            at=self._clock(), by=actor.id, name=actor.name, request_id=context.request_id, position=position
        )


def _held(gathered: Gathered, paths: Mapping[int, Path]) -> list[CaseEvent]:
    decoded = {recorded.position: recorded for recorded in gathered.decoded}
    return [
        CaseEvent(
            stored=stored,
            withheld=stored.leaf if withholds(stored, decoded.get(stored.position)) else None,
            path=paths.get(stored.position),
        )
        for stored in gathered.events
    ]


def _written(case: Case, gathered: Gathered) -> bytes:
    events = EventsOfCase(recorded=gathered.decoded, readable={one.position: shown(one) for one in gathered.decoded})
    readable = [events.readable[position] for position in sorted(events.readable)]
    return zip_case(case, readable=readable, report=page(tell(case, events)))


def incident_export(
    settings: Settings, *, pool: Pool, log: EventArchive, reader: Reader, record: Record, clock: Callable[[], datetime]
) -> ExportIncident:
    events = PostgresCaseEvents(pool)
    return ExportIncident(
        gather=GatherCase(log=log, events=events, reader=reader, decode=decode),
        tiles=PostgresTiles(pool),
        record=record,
        settings=shown_settings(settings),
        software=software(),
        clock=clock,
    )
