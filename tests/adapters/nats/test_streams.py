"""The streams come to be by themselves, stay what they should be, and are bounded."""

import asyncio
from uuid import uuid4

import pytest
from nats.js.api import StreamConfig
from structlog.testing import capture_logs

from adapters.nats import streams
from adapters.nats.connection import Connection, NatsUnavailable
from adapters.nats.streams import (
    ACK_PENDING_MAX,
    ACK_WAIT_SECONDS,
    DUPLICATE_WINDOW_SECONDS,
    EVENTS_AGE_SECONDS_MAX,
    EVENTS_BYTES_MAX,
    EVENTS_CONSUMERS_MAX,
    EVENTS_STREAM,
    WORK_BYTES_MAX,
    WORK_STREAM,
    consumer_name,
    ensure_streams,
    ensure_work_consumer,
    stamp,
)
from tests.kit.jetstream import NatsUnderTest

pytestmark = pytest.mark.anyio


async def test_both_streams_are_made_and_bounded(connection: Connection) -> None:
    events, work = await ensure_streams(connection)
    assert (events.config.retention, events.config.subjects) == ("limits", ["waybill.events.>"])
    assert (events.config.max_age, events.config.max_bytes) == (EVENTS_AGE_SECONDS_MAX, EVENTS_BYTES_MAX)
    assert events.config.allow_direct
    assert events.config.max_consumers == EVENTS_CONSUMERS_MAX
    assert (work.config.retention, work.config.subjects) == ("workqueue", ["waybill.work.>"])
    assert (work.config.discard, work.config.max_bytes) == ("new", WORK_BYTES_MAX)
    for config in (events.config, work.config):
        assert config.storage == "file"
        assert config.duplicate_window == DUPLICATE_WINDOW_SECONDS


async def test_making_them_again_changes_nothing(connection: Connection) -> None:
    await asyncio.gather(*(ensure_streams(connection) for _ in range(5)))
    first = await ensure_streams(connection)
    await connection.jetstream.publish("waybill.events.a.b.c", b"kept")
    with capture_logs() as lines:
        again = await ensure_streams(connection, mend=True)
    assert lines == []
    assert [info.created for info in again] == [info.created for info in first]
    assert [info.config for info in again] == [info.config for info in first]
    assert again[0].state.messages == 1


async def test_a_stream_that_was_changed_is_mended_and_keeps_its_stamp_and_what_is_not_ours(
    connection: Connection,
) -> None:
    events, _ = await ensure_streams(connection)
    await stamp(connection, events, {"said": "once"})
    events, _ = await ensure_streams(connection)
    changed = events.config.evolve(max_age=600.0, max_bytes=1024, max_msgs=77)
    await connection.jetstream.update_stream(changed)
    events, _ = await ensure_streams(connection)
    assert events.config.max_bytes == 1024
    events, _ = await ensure_streams(connection, mend=True)
    assert (events.config.max_age, events.config.max_bytes) == (EVENTS_AGE_SECONDS_MAX, EVENTS_BYTES_MAX)
    assert events.config.max_msgs == 77
    assert events.config.metadata is not None
    assert events.config.metadata["said"] == "once"


async def test_a_stream_that_cannot_be_ours_is_reported_not_replaced(connection: Connection) -> None:
    await connection.jetstream.add_stream(StreamConfig(name="OTHERS", subjects=["waybill.work.>"]))
    with pytest.raises(NatsUnavailable, match="overlap"):
        await ensure_streams(connection)
    assert (await connection.jetstream.stream_info("OTHERS")).config.subjects == ["waybill.work.>"]


async def test_a_provider_connection_has_one_durable_consumer(connection: Connection) -> None:
    provider = uuid4()
    await ensure_streams(connection)
    for _ in range(2):
        await ensure_work_consumer(connection, provider)
    await ensure_work_consumer(connection, uuid4())
    config = (await connection.jetstream.consumer_info(WORK_STREAM, consumer_name(provider))).config
    assert (config.durable_name, config.filter_subject) == (f"install-{provider}", f"waybill.work.*.{provider}")
    assert (config.ack_policy, config.ack_wait, config.max_deliver) == ("explicit", ACK_WAIT_SECONDS, -1)
    assert config.max_ack_pending == ACK_PENDING_MAX
    assert len(await connection.jetstream.consumers_info(WORK_STREAM)) == 2


async def test_a_consumer_without_its_stream_says_so(connection: Connection) -> None:
    with pytest.raises(NatsUnavailable, match="stream not found"):
        await ensure_work_consumer(connection, uuid4())


async def test_nothing_waits_for_a_server_that_is_away(server: NatsUnderTest, connection: Connection) -> None:
    await server.kill()
    async with asyncio.timeout(10):
        with pytest.raises(NatsUnavailable):
            await ensure_streams(connection)


async def test_streams_outlive_a_killed_server(server: NatsUnderTest, connection: Connection) -> None:
    before = await ensure_streams(connection)
    await server.kill()
    await server.start()
    assert (await server.stream(EVENTS_STREAM)).created == before[0].created
    assert (await server.stream(WORK_STREAM)).created == before[1].created


async def test_a_server_without_batches_is_named_as_the_reason(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connection.jetstream.add_stream(streams.EVENTS.evolve(allow_atomic=None))
    monkeypatch.setattr(streams, "OURS", ())
    with pytest.raises(NatsUnavailable, match=r"2\.12 or later"):
        await ensure_streams(connection, mend=True)
