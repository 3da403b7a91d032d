"""What comes on NATS of what is signed: each once, in order, and nothing that is older than what is there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from adapters.evidence.signing import signer_of
from adapters.nats.checkpoints import CheckpointPublisher
from adapters.nats.streams import CHECKPOINTS_STREAM
from domain.evidence.checkpoint import Checkpoint
from domain.evidence.note import sign_note
from tests.kit.jetstream import NatsUnderTest, running_nats
from tests.kit.notarizing import KEY
from tests.kit.waiting import eventually
from workers.checkpoint_publishing import CheckpointPublishing
from workers.sealing import Sealed

pytestmark = pytest.mark.anyio

SECONDS_MAX = 20.0
STORE = UUID(int=1)


def sealed(size: int) -> Sealed:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    checkpoint = Checkpoint(origin=KEY.name, size=size, root=bytes(32), store=STORE, at=at)
    return Sealed(note=str(sign_note(str(checkpoint), KEY, signer_of(KEY.seed))), size=size, store=STORE)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsUnderTest]:
    async with running_nats(tmp_path / "nats") as server:
        yield server


@asynccontextmanager
async def publishing(server: NatsUnderTest) -> AsyncIterator[CheckpointPublishing]:
    async with server.connection("notary") as connection:
        working = CheckpointPublishing(connection)
        task = asyncio.create_task(working.run())
        try:
            yield working
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def sizes(server: NatsUnderTest) -> list[int]:
    async with server.jetstream() as jetstream:
        state = (await jetstream.stream_info(CHECKPOINTS_STREAM)).state
        found = [await jetstream.get_msg(CHECKPOINTS_STREAM, seq=number + 1) for number in range(state.last_seq)]
    return [int((message.headers or {})["waybill-size"]) for message in found]


async def come_to(server: NatsUnderTest, wanted: list[int]) -> None:
    async def so() -> bool:
        return len(await sizes(server)) >= len(wanted)

    await eventually(so, SECONDS_MAX)
    assert await sizes(server) == wanted


async def test_what_is_there_already_is_not_published_again(server: NatsUnderTest) -> None:
    async with publishing(server) as first:
        await first.looked.wait()
        for size in (1, 2, 2, 3):
            first.offer(sealed(size))
        await come_to(server, [1, 2, 3])
    async with publishing(server) as second:
        await second.looked.wait()
        assert (second.newest, second.found) == (sealed(3).note, sealed(3).note)
        second.offer(sealed(3))
        second.offer(sealed(4))
        await come_to(server, [1, 2, 3, 4])
        assert second.found == sealed(3).note
    async with publishing(server) as unaware:
        unaware.offer(sealed(4))
        unaware.offer(sealed(5))
        await come_to(server, [1, 2, 3, 4, 5])


async def test_one_that_was_away_does_not_publish_what_is_older_than_what_is_there(server: NatsUnderTest) -> None:
    async with publishing(server) as former:
        await former.looked.wait()
        async with server.connection("notary") as connection:
            later = CheckpointPublisher(connection)
            await later.stand()
            await later.publish(sealed(7).note, size=7, store=STORE)
        former.offer(sealed(5))
        former.offer(sealed(8))
        await come_to(server, [7, 8])
        assert former.found == sealed(7).note
