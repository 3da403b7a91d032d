"""What the subscriber's URL is good for: any client can follow the events with it, and nobody can change anything."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from typing import Any
from uuid import UUID

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig
from nats.js.errors import ServiceUnavailableError

from adapters.nats.publisher import Publisher
from adapters.nats.streams import EVENTS_AGE_SECONDS_MAX, EVENTS_STREAM, EVENTS_SUBJECTS, WORK_STREAM
from tests.adapters.nats.copies import run_events
from tests.kit.jetstream import NatsUnderTest, url_as

pytestmark = pytest.mark.anyio

SECONDS_MAX = 5.0
TRIES_MAX = 5
EVENTS = 3


@pytest.fixture
async def client(server: NatsUnderTest, publisher: Publisher) -> AsyncIterator[Client]:
    """As anybody would connect, with the URL alone; a few events are there."""
    await publisher.publish(run_events(EVENTS))
    async with await nats.connect(url_as(server.url, "subscriber"), allow_reconnect=False) as client:
        yield client


@pytest.fixture
def jetstream(client: Client) -> JetStreamContext:
    return client.jetstream(timeout=SECONDS_MAX)


def positions(messages: list[Msg]) -> list[int]:
    return [int((message.headers or {})["waybill-position"]) for message in messages]


@pytest.mark.parametrize("durable", [None, "mine"], ids=["ephemeral", "durable"])
async def test_a_consumer_of_its_own_pulls_and_acknowledges(jetstream: JetStreamContext, durable: str | None) -> None:
    subscription = await jetstream.pull_subscribe(EVENTS_SUBJECTS, durable=durable)
    first = await subscription.fetch(EVENTS - 1, timeout=SECONDS_MAX)
    for message in first:
        await message.ack_sync(timeout=SECONDS_MAX)
    info = await subscription.consumer_info()
    assert info.num_ack_pending == 0
    assert info.config.inactive_threshold is not None
    assert 0 < info.config.inactive_threshold <= EVENTS_AGE_SECONDS_MAX, "it would stay for ever"
    last = await subscription.fetch(EVENTS, timeout=SECONDS_MAX)
    assert positions(first + last) == [1, 2, 3]


async def test_an_ordered_consumer_is_pushed_to(jetstream: JetStreamContext) -> None:
    subscription = await jetstream.subscribe(EVENTS_SUBJECTS, ordered_consumer=True)
    messages = [await subscription.next_msg(timeout=SECONDS_MAX) for _ in range(EVENTS)]
    assert positions(messages) == [1, 2, 3]


async def test_what_happens_now_is_heard_without_a_stream(client: Client, publisher: Publisher) -> None:
    """Without a stream a single message may be missed: on a busy server what one account gives to another takes a moment to begin."""
    subscription = await client.subscribe(EVENTS_SUBJECTS)
    await client.flush()
    heard: list[Msg] = []
    for after in range(EVENTS, EVENTS + TRIES_MAX):
        await publisher.publish(run_events(1, after=after))
        with suppress(NatsTimeoutError):
            heard.append(await subscription.next_msg(timeout=SECONDS_MAX / TRIES_MAX))
            break
    assert positions(heard)[0] > EVENTS


async def test_streams_are_looked_at_and_messages_fetched(jetstream: JetStreamContext) -> None:
    assert (await jetstream.account_info()).streams == 2
    assert {info.config.name for info in await jetstream.streams_info()} == {EVENTS_STREAM, WORK_STREAM}
    assert (await jetstream.stream_info(EVENTS_STREAM)).state.messages == EVENTS
    for direct in (False, True):
        message = await jetstream.get_msg(EVENTS_STREAM, seq=2, direct=direct)
        assert (message.headers or {})["waybill-position"] == "2"
    last = await jetstream.get_last_msg(EVENTS_STREAM, EVENTS_SUBJECTS, direct=True)
    assert (last.headers or {})["waybill-position"] == "3"


async def test_nothing_of_waybill_can_be_changed(server: NatsUnderTest, jetstream: JetStreamContext) -> None:
    """What is not there for it answers at once that nobody is there."""
    before = await server.stream(EVENTS_STREAM), await server.stream(WORK_STREAM)
    await jetstream.pull_subscribe(EVENTS_SUBJECTS, durable="anothers")
    attempts: tuple[Awaitable[Any], ...] = (
        jetstream.delete_stream(EVENTS_STREAM),
        jetstream.delete_stream(WORK_STREAM),
        jetstream.purge_stream(EVENTS_STREAM),
        jetstream.delete_msg(EVENTS_STREAM, 1),
        jetstream.update_stream(StreamConfig(name=EVENTS_STREAM, subjects=["mine.>"])),
        jetstream.add_stream(StreamConfig(name="MINE", subjects=["waybill.work.>"])),
        jetstream.delete_consumer(EVENTS_STREAM, "anothers"),
        jetstream.add_consumer(WORK_STREAM, ConsumerConfig(durable_name="mine")),
        jetstream.stream_info(WORK_STREAM),
        jetstream.get_msg(WORK_STREAM, seq=1),
    )
    async with asyncio.timeout(SECONDS_MAX):
        for attempt in attempts:
            with pytest.raises((ServiceUnavailableError, NoRespondersError)):
                await attempt
    assert (await jetstream.consumer_info(EVENTS_STREAM, "anothers")).name == "anothers"
    after = await server.stream(EVENTS_STREAM), await server.stream(WORK_STREAM)
    assert [info.config for info in after] == [info.config for info in before]
    assert [info.state.messages for info in after] == [info.state.messages for info in before]


@pytest.mark.parametrize(
    "victim",
    [f"waybill.work.install.{UUID(int=1)}", f"$JS.API.STREAM.PURGE.{EVENTS_STREAM}"],
    ids=["ticket", "purge"],
)
async def test_nothing_can_be_written_by_having_jetstream_send_it_there(
    server: NatsUnderTest, client: Client, jetstream: JetStreamContext, victim: str
) -> None:
    """The server answers wherever a request says, and a consumer delivers there, whether whoever asks may write there or not."""
    await client.publish(f"$JS.API.STREAM.INFO.{EVENTS_STREAM}", reply=victim)
    await jetstream.stream_info(EVENTS_STREAM)
    config = ConsumerConfig(name="push", deliver_subject=victim, ack_policy=AckPolicy.NONE, headers_only=True)
    await jetstream.add_consumer(EVENTS_STREAM, config)
    consumer = await jetstream.consumer_info(EVENTS_STREAM, "push")
    assert (consumer.push_bound, consumer.num_pending) == (None, EVENTS)
    assert (await server.stream(WORK_STREAM)).state.messages == 0
    assert (await server.stream(EVENTS_STREAM)).state.messages == EVENTS
