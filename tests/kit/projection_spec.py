"""Read models without a database: `given(history).rows(SKILLS)`; and a history, put together event by event."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid5

from domain.events import Actor, Event, Recorded, Role
from projections.read_model import ReadModel
from projections.rows import Row
from tests.kit.facts import NOON

ADMIN = Actor(kind="api_key", id="key-1", name="admin", role=Role.ADMIN)


class History:
    """Events as the store would hold them: dense positions, dense versions in each stream, a second apart and more where time
    was passed.
    """

    def __init__(self) -> None:
        self.events: list[Recorded] = []
        self.default_actor = ADMIN
        self._passed = timedelta()
        self._versions: dict[UUID, int] = {}

    def __iter__(self) -> Iterator[Recorded]:
        return iter(self.events)

    @property
    def now(self) -> datetime:
        """When the newest event happened, or later."""
        return NOON + timedelta(seconds=len(self.events)) + self._passed

    def wait_until(self, moment: datetime) -> None:
        self._passed += max(moment - self.now, timedelta())

    def add(self, stream: UUID, *events: Event, actor: Actor | None = None) -> Recorded:
        """The last of the events, as recorded."""
        for event in events:
            position = len(self.events) + 1
            self._versions[stream] = self._versions.get(stream, 0) + 1
            self.events.append(
                Recorded(
                    id=uuid5(stream, f"{type(event).TOPIC} {self._versions[stream]}"),
                    position=position,
                    stream=stream,
                    version=self._versions[stream],
                    at=NOON + timedelta(seconds=position) + self._passed,
                    actor=actor or self.default_actor,
                    request_id=f"request-{position}",
                    correlation_id=uuid5(NAMESPACE_OID, f"correlation {stream}"),
                    causation_id=self.events[-1].id if self.events else None,
                    event=event,
                )
            )
        return self.events[-1]


class Given:
    def __init__(self, events: Sequence[Recorded]) -> None:
        self._events = events

    def rows(self, model: ReadModel[Row]) -> list[Row]:
        """All rows of the read model, in the order in which they came to be."""
        return model.fold(self._events, touched=model.touched(self._events), stored=())


def given(history: History | Sequence[Recorded]) -> Given:
    return Given(tuple(history))
