"""What the alert rules are shown: at the beginning what is still going on and what has failed lately, then every event that concerns
them, and now and then how Waybill itself is doing.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from adapters.postgres.watched import PostgresWatched, Standing
from domain.access.state import API_KEY, key_stream
from domain.alert.events import AlertRaised, AlertRepeated, AlertResolved
from domain.alert.failures import FAILURES_MAX
from domain.alert.rules import Rules
from domain.alert.standing import KeyInUse, Part, ReadModelPlace, Situation
from domain.events import Event, Recorded
from domain.install_run.events import (
    ProviderFailed,
    ProviderGivenUp,
    ProviderLeaseExpired,
    ProviderRefused,
    ProviderRescued,
    ProviderRollbackFailed,
    ProviderRolledBack,
    ProviderSucceeded,
    RunFailed,
    RunPartiallyFailed,
    RunQueued,
    RunSucceeded,
)
from domain.provider.events import (
    ProviderActivated,
    ProviderConnected,
    ProviderDeactivated,
    ProviderVerificationFailed,
    ProviderVerified,
)
from projections.tracking import Standing as ReadModelsStanding
from queries.alert_hints import Hinted
from workers.alert_rules import RulesAtWork

PARTS: Final = ("relay", "projector", "scheduler", "watchdog", "notary")
KEYS_MAX: Final = 10_000
# Behind that many positions nobody looks for what failed lately.
LATELY_POSITIONS_MAX: Final = 500_000
LATELY_SPAN: Final = 20_000

ALERTS: Final[tuple[type[Event], ...]] = (AlertRaised, AlertRepeated, AlertResolved)
FAILED: Final[tuple[type[Event], ...]] = (ProviderFailed, ProviderRefused, ProviderGivenUp, ProviderLeaseExpired)
CONNECTIONS: Final[tuple[type[Event], ...]] = (
    ProviderConnected,
    ProviderVerified,
    ProviderVerificationFailed,
    ProviderActivated,
    ProviderDeactivated,
)
RUNS: Final[tuple[type[Event], ...]] = (
    RunQueued,
    *FAILED,
    ProviderRescued,
    ProviderSucceeded,
    ProviderRolledBack,
    ProviderRollbackFailed,
    RunSucceeded,
    RunFailed,
    RunPartiallyFailed,
)
ALERT_TOPICS: Final = frozenset(event.TOPIC for event in ALERTS)
FAILED_TOPICS: Final = frozenset(event.TOPIC for event in FAILED)
CONNECTION_TOPICS: Final = frozenset(event.TOPIC for event in CONNECTIONS)
TOPICS: Final = ALERT_TOPICS | CONNECTION_TOPICS | frozenset(event.TOPIC for event in RUNS)


class StoreSetBackError(Exception):
    """The store has fewer events than were seen in it."""


class Hints(Struct, frozen=True, kw_only=True):
    """Where to look, from those who may be behind: the read models."""

    streams: Callable[[], Awaitable[Hinted]]
    read_models: Callable[[], Awaitable[ReadModelsStanding]]


class Watching:
    """Begin; then `advance` as often as you like. Every method raises StoreOffline."""

    def __init__(self, *, watched: PostgresWatched, hints: Hints, rules: Rules, clock: Callable[[], datetime]) -> None:
        self._watched = watched
        self._hints = hints
        self._rules = rules
        self._clock = clock
        self._known: set[UUID] = set()
        self.at_work = RulesAtWork(rules)
        self.position = 0
        # That of the newest alert event that was seen.
        self.alert_position = 0

    async def begin(self) -> None:
        """From what is so now, however long nobody has looked: what has passed meanwhile is not told. Also if it began before."""
        self.at_work, self._known = RulesAtWork(self._rules), set()
        self.position, unfinished = await self._watched.unfinished_runs()
        runs = tuple({*unfinished, *await self._failed_lately()})
        for recorded in await self._watched.histories(runs, upto=self.position):
            self._take(recorded)

    async def look_around(self) -> bool:
        """Read what the read models know of and we do not. False: they are behind, so look again."""
        hinted = await self._hints.streams()
        strange = tuple(hinted.streams - self._known)
        for recorded in await self._watched.histories(strange, upto=self.position):
            self._take(recorded)
        return not hinted.stale

    async def advance(self) -> bool:
        """Take the next events; False if there were no more. Raises StoreSetBackError too: then nothing that is known holds."""
        taken = await self._watched.read(after=self.position, topics=TOPICS)
        if taken.position < self.position:
            raise StoreSetBackError
        earlier = await self._watched.histories(self._strange(taken.events), upto=self.position)
        for recorded in (*earlier, *taken.events):
            self._take(recorded)
        self.position = taken.position
        return taken.position < taken.head

    async def situation(self, *, nats_connected: bool, keys: Sequence[KeyInUse]) -> Situation:
        standing = await self._watched.standing()
        read_models = await self._hints.read_models()
        return Situation(
            head=standing.head,
            sealed=standing.sealed,
            parts=tuple(_parts(standing)),
            read_models=[
                ReadModelPlace(name=one.name, position=one.position, parked_event=one.parked_event)
                for one in read_models.read_models
            ],
            keys=keys,
            nats_connected=nats_connected,
        )

    async def keys_in_use(self) -> tuple[KeyInUse, ...]:
        """Of those that end; whether one was revoked is in its events alone."""
        rule = self._rules.credential_expiring
        if not rule.enabled:
            return ()
        used = await self._watched.keys_used(within_seconds=rule.before_seconds, limit=KEYS_MAX)
        histories: dict[UUID, list[Recorded]] = {}
        streams = {key_stream(key_id): key_id for key_id in used}
        for recorded in await self._watched.histories(tuple(streams), upto=self.position):
            histories.setdefault(recorded.stream, []).append(recorded)
        return tuple(_keys(histories, {stream: used[key_id] for stream, key_id in streams.items()}))

    def _strange(self, events: Sequence[Recorded]) -> tuple[UUID, ...]:
        """The connections whose beginning we have not seen."""
        begun = {recorded.stream for recorded in events if isinstance(recorded.event, ProviderConnected)}
        seen = self._known | begun
        return tuple({one.stream for one in events if one.topic in CONNECTION_TOPICS} - seen)

    def _take(self, recorded: Recorded) -> None:
        self.at_work.take(recorded)
        if recorded.topic in CONNECTION_TOPICS | ALERT_TOPICS:
            self._known.add(recorded.stream)
        if recorded.topic in ALERT_TOPICS:
            self.alert_position = max(self.alert_position, recorded.position)

    async def _failed_lately(self) -> frozenset[UUID]:
        """The runs with failures inside the window, looked for backwards."""
        since = self._clock() - timedelta(seconds=self._rules.repeated_failures.window_seconds)
        found: set[UUID] = set()
        upto, lowest = self.position, max(0, self.position - LATELY_POSITIONS_MAX)
        while upto > lowest and len(found) < FAILURES_MAX:
            after = max(lowest, upto - LATELY_SPAN)
            streams, begun = await self._watched.streams_with(FAILED_TOPICS, after=after, upto=upto)
            found.update(streams)
            if begun is not None and begun <= since:
                break
            upto = after
        return frozenset(found)


def _parts(standing: Standing) -> Iterator[Part]:
    for name in PARTS:
        role = standing.roles.get(name)
        if role is None:
            yield Part(name=name, holder=None, held=False, position=0)
        else:
            yield Part(name=name, holder=role.holder, held=role.held, position=role.position)


def _keys(histories: dict[UUID, list[Recorded]], used: dict[UUID, datetime]) -> Iterator[KeyInUse]:
    for stream, history in histories.items():
        key = API_KEY.fold(history)
        if key is not None and key.expires_at is not None and not key.revoked:
            yield KeyInUse(id=key.key_id, name=key.name, role=key.role, expires_at=key.expires_at, used_at=used[stream])
