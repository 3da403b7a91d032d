"""What belongs to an incident: the events of its runs, or of a time, with all that they rest on, and the rows that tell of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.alert.events import AlertEvent
from domain.alert.rules import RuleName
from domain.alert.state import alert_stream
from domain.errors import EvidenceTooLarge, RunNotFound
from domain.events import Recorded
from domain.evidence.case import BYTES_MAX, EVENTS_MAX, CaseRows, CaseScope
from domain.evidence.leaf import StoredEvent
from domain.evidence.ports import EventArchive
from domain.install_run.events import RunQueued
from domain.installation.events import InstallationEvent
from domain.installation.state import installation_stream
from domain.provider.events import ProviderEvent
from domain.skill.events import SkillEvent
from projections.audit_log import AUDIT_LOG
from projections.case_rows import CASE_MODELS, keys_of
from projections.read_model import ReadModel
from projections.run_history import run_of
from queries.reading import Reader, any_is_stale

# What is stored stands in a case as base64, again in words, and once more in the report.
STORED_BYTES_MAX: Final = BYTES_MAX // 8
# Of a skill, a connection or a pair of them the whole history goes along; of a longer one only what came since.
WHOLE_EVENTS_MAX: Final = 500
# One more tells that there are more.
LIMIT: Final = EVENTS_MAX + 1
BYTES_LIMIT: Final = STORED_BYTES_MAX + 1
MOMENT: Final = timedelta(microseconds=1)

RELATED: Final = (
    "SELECT {columns} FROM {table} WHERE correlation_id = ANY(%(ids)s) AND position <= %(up_to)s LIMIT %(limit)s"
)
BY_KEY: Final = "SELECT {{columns}} FROM {{table}} WHERE {key} = ANY(%(keys)s) ORDER BY {key} LIMIT %(limit)s"

NAMED: Final = SkillEvent | ProviderEvent | InstallationEvent | AlertEvent

Decode = Callable[[StoredEvent], Recorded | None]


class CaseEvents(Protocol):
    """The event table, undecoded, in the order of positions: at most `limit` rows, and none behind the one with which they are
    `bytes_max` or more. All raise StoreOffline.
    """

    async def of_streams(
        self, streams: Sequence[UUID], *, after: int, up_to: int, limit: int, bytes_max: int
    ) -> tuple[StoredEvent, ...]: ...

    async def at(self, positions: Sequence[int], *, limit: int, bytes_max: int) -> tuple[StoredEvent, ...]: ...

    async def between(self, *, after: int, up_to: int, limit: int, bytes_max: int) -> tuple[StoredEvent, ...]: ...

    async def versions(self, streams: Sequence[UUID]) -> Mapping[UUID, int]:
        """How many events each stream has; without those that have none."""
        ...


class Related(Struct, frozen=True):
    position: int


class Gathered(Struct, frozen=True, kw_only=True):
    """`events` by position; `decoded` those of them that can be read."""

    events: tuple[StoredEvent, ...]
    decoded: tuple[Recorded, ...]
    rows: Mapping[str, CaseRows]
    up_to_position: int


class GatherCase:
    """`decode` gives None for what is no event any more, which belongs to the incident all the more."""

    def __init__(self, *, log: EventArchive, events: CaseEvents, reader: Reader, decode: Decode) -> None:
        self._log = log
        self._events = events
        self._reader = reader
        self._decode = decode

    async def __call__(self, scope: CaseScope) -> Gathered:
        """Raises RunNotFound, EvidenceTooLarge, StoreOffline."""
        head = await self._log.head()
        taken = _Taken(self._decode)
        if scope.since is not None:
            await self._take_time(taken, scope, head=head)
        await self._take_runs(taken, scope.runs, head=head)
        await self._take_grounds(taken, head=head)
        await any_is_stale(self._reader, CASE_MODELS, head)
        await self._take_causes(taken, head=head)
        rows = await self._rows(taken)
        return Gathered(events=taken.events, decoded=taken.decoded, rows=rows, up_to_position=head)

    async def _take_time(self, taken: "_Taken", scope: CaseScope, *, head: int) -> None:
        """All that was stored then, and the runs that it is about."""
        assert scope.since is not None  # noqa: S101 - the caller has looked
        after = await self._log.position_at(scope.since - MOMENT)
        until = head if scope.until is None else min(await self._log.position_at(scope.until - MOMENT), head)
        taken.add(await self._events.between(after=after, up_to=until, limit=LIMIT, bytes_max=BYTES_LIMIT))

    async def _take_runs(self, taken: "_Taken", runs: Sequence[UUID], *, head: int) -> None:
        wanted = dict.fromkeys((*runs, *taken.runs))
        await self._take_streams(taken, tuple(wanted), head=head)
        for run in runs:
            if run not in taken.queued:
                raise RunNotFound(f"No install run has the id {run}.")

    async def _take_grounds(self, taken: "_Taken", *, head: int) -> None:
        """The skills and connections that the runs are about, their pairs, and the alerts about them."""
        queued = taken.queued
        subjects = {run: f"install_run:{run}" for run in queued}
        alerts = [alert_stream(rule, subject) for subject in subjects.values() for rule in RuleName]
        pairs = [
            installation_stream(event.skill.id, target.id) for event in queued.values() for target in event.targets
        ]
        grounds = [event.skill.id for event in queued.values()]
        grounds += [target.id for event in queued.values() for target in event.targets]
        streams = tuple(dict.fromkeys((*grounds, *pairs, *alerts, *taken.named)))
        versions = await self._events.versions(streams)
        whole = tuple(stream for stream, events in versions.items() if events <= WHOLE_EVENTS_MAX)
        recent = tuple(stream for stream, events in versions.items() if events > WHOLE_EVENTS_MAX)
        since = taken.begin - 1
        await self._take_streams(taken, whole, head=head)
        await self._take_streams(taken, recent, head=head, after=since)

    async def _take_causes(self, taken: "_Taken", *, head: int) -> None:
        """What else came of the same requests: the words of a chat that asked for a run, what was refused before it."""
        correlations = {recorded.correlation_id for recorded in taken.decoded if recorded.stream in taken.queued}
        values = {"ids": list(correlations), "up_to": head, "limit": LIMIT}
        related = await self._reader.fetch(AUDIT_LOG, RELATED, values, Related)
        missing = [row.position for row in related if not taken.has(row.position)]
        taken.add(await self._events.at(missing, limit=LIMIT, bytes_max=BYTES_LIMIT))

    async def _take_streams(self, taken: "_Taken", streams: Sequence[UUID], *, head: int, after: int = 0) -> None:
        if streams:
            taken.add(
                await self._events.of_streams(streams, after=after, up_to=head, limit=LIMIT, bytes_max=BYTES_LIMIT)
            )

    async def _rows(self, taken: "_Taken") -> Mapping[str, CaseRows]:
        standing = {one.name: one.position for one in (await self._reader.standing()).read_models}
        return {model.name: await self._rows_of(model, taken, standing.get(model.name, 0)) for model in CASE_MODELS}

    async def _rows_of(self, model: ReadModel[Any], taken: "_Taken", position: int) -> CaseRows:
        column = "position" if model.append_only else str(model.key)
        values = {"keys": keys_of(model, taken.decoded), "limit": EVENTS_MAX}
        rows = await self._reader.fetch(model, BY_KEY.format(key=column), values, model.row)
        encoded = tuple(msgspec.json.encode(row) for row in rows)
        return CaseRows(generation=model.generation, position=position, rows=encoded)


class _Taken:
    """The events so far, each once. Raises EvidenceTooLarge as soon as they are more than a case may have."""

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._events: dict[int, StoredEvent] = {}
        self._decoded: dict[int, Recorded] = {}
        self._bytes = 0
        self.queued: dict[UUID, RunQueued] = {}

    def add(self, events: Iterable[StoredEvent]) -> None:
        for event in events:
            if event.position in self._events:
                continue
            self._events[event.position] = event
            self._bytes += len(event.state)
            if (recorded := self._decode(event)) is not None:
                self._decoded[event.position] = recorded
                if isinstance(recorded.event, RunQueued):
                    self.queued[recorded.stream] = recorded.event
        if len(self._events) > EVENTS_MAX or self._bytes > STORED_BYTES_MAX:
            raise EvidenceTooLarge(
                f"It takes more than {EVENTS_MAX:,} events, or {STORED_BYTES_MAX:,} bytes of them, to tell this; ask for less "
                "time, or for single runs."
            )

    def has(self, position: int) -> bool:
        return position in self._events

    @property
    def events(self) -> tuple[StoredEvent, ...]:
        return tuple(self._events[position] for position in sorted(self._events))

    @property
    def decoded(self) -> tuple[Recorded, ...]:
        return tuple(self._decoded[position] for position in sorted(self._decoded))

    @property
    def runs(self) -> tuple[UUID, ...]:
        return tuple(dict.fromkeys(run for run in map(run_of, self.decoded) if run is not None))

    @property
    def begin(self) -> int:
        """The position from which on there is something to tell."""
        return min(self._events, default=1)

    @property
    def named(self) -> tuple[UUID, ...]:
        """Skills, connections, pairs and alerts to which something happened."""
        found = (one.stream for one in self.decoded if isinstance(one.event, NAMED))
        return tuple(dict.fromkeys(found))
