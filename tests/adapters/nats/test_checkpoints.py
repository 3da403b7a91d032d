"""Checkpoints on NATS, as the user `notary` of nats.conf."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from adapters.nats.checkpoints import CheckpointPublisher
from adapters.nats.connection import NatsUnavailable
from adapters.nats.streams import CHECKPOINTS, CHECKPOINTS_STREAM, differences
from tests.kit.jetstream import NatsUnderTest
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

STORE = UUID(int=1)
SECONDS_MAX = 20.0


@pytest.fixture
async def publisher(server: NatsUnderTest) -> AsyncIterator[CheckpointPublisher]:
    async with server.connection("notary") as connection:
        yield CheckpointPublisher(connection)


async def newest(server: NatsUnderTest) -> tuple[str, dict[str, str], int]:
    async with server.jetstream() as jetstream:
        state = (await jetstream.stream_info(CHECKPOINTS_STREAM)).state
        message = await jetstream.get_msg(CHECKPOINTS_STREAM, seq=state.last_seq)
    return (message.data or b"").decode(), message.headers or {}, state.messages


async def test_the_stream_is_made_as_it_should_be(publisher: CheckpointPublisher, server: NatsUnderTest) -> None:
    assert await publisher.stand() is None
    assert differences((await server.stream(CHECKPOINTS_STREAM)).config, CHECKPOINTS) == {}


async def test_a_note_is_published_as_it_is_signed(publisher: CheckpointPublisher, server: NatsUnderTest) -> None:
    await publisher.stand()
    await publisher.publish("one\n\n— somebody x\n", size=7, store=STORE)
    text, headers, messages = await newest(server)
    assert (text, messages) == ("one\n\n— somebody x\n", 1)
    assert headers["waybill-size"] == "7"
    assert headers["waybill-store-epoch"] == str(STORE)
    assert headers["content-type"].startswith("text/plain")
    await publisher.publish("two\n", size=8, store=STORE)
    assert await publisher.stand() == "two\n"


async def test_another_notary_goes_on_where_the_first_one_ended(
    publisher: CheckpointPublisher, server: NatsUnderTest
) -> None:
    await publisher.stand()
    await publisher.publish("one\n", size=1, store=STORE)
    async with server.connection("notary") as connection:
        later = CheckpointPublisher(connection)
        assert await later.stand() == "one\n"
        await later.publish("two\n", size=2, store=STORE)
        with pytest.raises(NatsUnavailable, match="wrong last sequence"):
            await publisher.publish("from before\n", size=1, store=STORE)
    assert await publisher.stand() == "two\n"


async def test_a_stream_that_was_emptied_is_no_end(publisher: CheckpointPublisher, server: NatsUnderTest) -> None:
    await publisher.stand()
    await publisher.publish("one\n", size=1, store=STORE)
    async with server.jetstream() as jetstream:
        await jetstream.purge_stream(CHECKPOINTS_STREAM)
    assert await publisher.stand() is None
    await publisher.publish("one\n", size=1, store=STORE)
    assert (await newest(server))[2] == 1


async def test_a_server_that_was_wiped_is_begun_anew(publisher: CheckpointPublisher, server: NatsUnderTest) -> None:
    await publisher.stand()
    await publisher.publish("one\n", size=1, store=STORE)
    before = publisher.interrupted
    await server.wipe()

    async def back() -> bool:
        return publisher._connection.connected

    await eventually(back, SECONDS_MAX)
    assert (before, publisher.interrupted) == (False, True)
    with pytest.raises(NatsUnavailable):
        await publisher.publish("two\n", size=2, store=STORE)
    assert await publisher.stand() is None
    await publisher.publish("two\n", size=2, store=STORE)
    assert await publisher.stand() == "two\n"
