"""Events to publish, and what is to be found of them."""

from collections.abc import Iterable, Sequence
from uuid import UUID, uuid4

from adapters.nats.publisher import Copy
from domain.events import Recorded
from domain.install_run.events import RunStarted
from domain.installation.events import InstallationReserved
from tests.kit.facts import recorded
from tests.kit.jetstream import Stored


def run_events(count: int, *, after: int = 0, streams: int = 3) -> list[Recorded]:
    """Events of a few streams in turn."""
    names = [uuid4() for _ in range(streams)]
    return [
        recorded(
            RunStarted(), stream=names[number % streams], position=after + number + 1, version=number // streams + 1
        )
        for number in range(count)
    ]


def reserved(count: int, provider: UUID | None = None) -> list[Recorded]:
    return [
        recorded(
            InstallationReserved(run_id=uuid4(), skill_id=uuid4(), provider_id=provider or uuid4(), version=1),
            stream=uuid4(),
            position=number + 1,
        )
        for number in range(count)
    ]


def positions(stored: Iterable[Stored]) -> list[int]:
    return [int(message.headers["waybill-position"]) for message in stored]


def copy_of(event: Recorded) -> Copy:
    return Copy(position=event.position, event_id=str(event.id))


def ids(events: Sequence[Recorded]) -> list[str]:
    return [str(event.id) for event in events]
