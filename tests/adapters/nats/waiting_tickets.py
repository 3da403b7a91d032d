"""The tickets of one connection: issued as the relay does, and whoever waits for them."""

from uuid import UUID, uuid4

from adapters.nats.streams import WORK_STREAM
from domain.events import Recorded
from domain.installation.events import InstallationReserved
from tests.kit.facts import recorded
from tests.kit.jetstream import NatsUnderTest

PROVIDER = uuid4()
LONG_SECONDS = 30.0


def reserved(count: int, *, provider: UUID = PROVIDER) -> list[Recorded]:
    return [
        recorded(
            InstallationReserved(run_id=uuid4(), skill_id=uuid4(), provider_id=provider, version=1),
            stream=uuid4(),
            position=number + 1,
        )
        for number in range(count)
    ]


async def is_empty(server: NatsUnderTest) -> bool:
    return (await server.stream(WORK_STREAM)).state.messages == 0
