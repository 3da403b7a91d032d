"""The events stream is a prefix of the store, in order and once, whatever is repeated, cut or sent by somebody else."""

import asyncio
from uuid import uuid4

import pytest
from msgspec.structs import replace

from adapters.nats import publisher as publishing
from adapters.nats import sending
from adapters.nats.connection import Connection, NatsUnavailable
from adapters.nats.messages import event_message
from adapters.nats.publisher import Publisher, Standing
from adapters.nats.sending import BATCH_MAX, SINGLY_MAX, batches
from adapters.nats.streams import EVENTS_STREAM, WORK_STREAM
from domain.skill.events import ManifestEntry, SkillVersionPublished
from tests.adapters.nats.copies import copy_of, ids, positions, reserved, run_events
from tests.kit.facts import NOON, recorded
from tests.kit.jetstream import NatsUnderTest

pytestmark = pytest.mark.anyio

EPOCH = str(uuid4())
FRESH = Standing(last=None, foreign=False, tickets_complete=False)
SIZES = (1, 2, SINGLY_MAX, SINGLY_MAX + 1, BATCH_MAX, BATCH_MAX + 3)


@pytest.fixture
def publisher(connection: Connection) -> Publisher:
    return Publisher(connection, store_epoch=EPOCH)


@pytest.mark.parametrize("count", SIZES)
async def test_events_are_stored_once_and_in_order(server: NatsUnderTest, publisher: Publisher, count: int) -> None:
    assert await publisher.stand() == FRESH
    events = run_events(count)
    await publisher.publish(events)
    stored = await server.events()
    assert [message.headers["Nats-Msg-Id"] for message in stored] == ids(events)
    assert [message.sequence for message in stored] == positions(stored) == list(range(1, count + 1))
    assert await publisher.stand() == replace(FRESH, last=copy_of(events[-1]))


async def test_one_call_follows_the_other_whatever_their_sizes(server: NatsUnderTest, publisher: Publisher) -> None:
    await publisher.stand()
    published = 0
    for count in SIZES:
        await publisher.publish(run_events(count, after=published))
        published += count
    assert positions(await server.events()) == list(range(1, published + 1))


async def test_nothing_to_publish_is_nothing_published(server: NatsUnderTest, publisher: Publisher) -> None:
    await publisher.stand()
    await publisher.publish(())
    await publisher.issue((), at=NOON)
    assert (await server.stream(EVENTS_STREAM)).state.messages == 0


@pytest.mark.parametrize("count", [3, SINGLY_MAX * 2])
async def test_a_publisher_that_lost_its_role_unnoticed_is_fenced(
    server: NatsUnderTest, connection: Connection, count: int
) -> None:
    frozen, successor = (Publisher(connection, store_epoch=EPOCH) for _ in range(2))
    await frozen.stand()
    await successor.stand()
    events = run_events(count * 2)
    await successor.publish(events[:count])
    with pytest.raises(NatsUnavailable, match=r"wrong last sequence|remembers"):
        await frozen.publish(events[:count])
    with pytest.raises(NatsUnavailable, match="wrong last sequence"):
        await frozen.publish(events[count:])
    await successor.publish(events[count:])
    assert positions(await server.events()) == list(range(1, count * 2 + 1))


@pytest.mark.parametrize("count", [3, SINGLY_MAX * 2])
async def test_after_a_lost_answer_the_stream_itself_says_where_to_go_on(
    server: NatsUnderTest, connection: Connection, publisher: Publisher, count: int
) -> None:
    events = run_events(count * 2)
    other = Publisher(connection, store_epoch=EPOCH)
    await publisher.stand()
    await other.stand()
    await other.publish(events[:count])
    with pytest.raises(NatsUnavailable):
        await publisher.publish(events[:count])
    assert (await publisher.stand()).position == count
    await publisher.publish(events[count:])
    assert positions(await server.events()) == list(range(1, count * 2 + 1))


async def test_a_gap_in_a_batch_stores_none_of_it(
    server: NatsUnderTest, connection: Connection, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publisher.stand()
    events = run_events(SINGLY_MAX * 3)
    published = connection.client.publish
    calls = 0

    async def lossy(subject: str, payload: bytes = b"", reply: str = "", headers: dict[str, str] | None = None) -> None:
        nonlocal calls
        calls += 1
        if calls != SINGLY_MAX:
            await published(subject, payload, reply=reply, headers=headers)

    monkeypatch.setattr(connection.client, "publish", lossy)
    with pytest.raises(NatsUnavailable):
        await publisher.publish(events)
    monkeypatch.undo()
    assert (await publisher.stand()).last is None
    await publisher.publish(events)
    assert positions(await server.events()) == list(range(1, len(events) + 1))


@pytest.mark.parametrize("count", [3, SINGLY_MAX * 2])
async def test_events_that_the_server_remembers_but_lost_are_stored_again(
    server: NatsUnderTest, connection: Connection, publisher: Publisher, count: int
) -> None:
    await publisher.stand()
    events = run_events(count)
    await publisher.publish(events)
    await connection.jetstream.purge_stream(EVENTS_STREAM)
    assert (await publisher.stand()).last is None
    with pytest.raises(NatsUnavailable, match="remembers"):
        await publisher.publish(events)
    assert (await publisher.stand()).last is None
    await publisher.publish(events)
    stored = await server.events()
    assert [message.headers["ce-id"] for message in stored] == ids(events)


async def test_events_of_another_history_are_told_apart_and_cleared(
    server: NatsUnderTest, connection: Connection, publisher: Publisher
) -> None:
    former = Publisher(connection, store_epoch=str(uuid4()))
    await former.stand()
    events = run_events(5)
    await former.publish(events)
    assert await publisher.stand() == replace(FRESH, last=copy_of(events[-1]), foreign=True)
    await publisher.clear_events()
    assert await publisher.stand() == FRESH
    await publisher.publish(run_events(2))
    stored = await server.events()
    assert positions(stored) == [1, 2]
    assert {message.headers["waybill-store-epoch"] for message in stored} == {EPOCH}


async def test_a_stranger_in_the_stream_is_noticed_and_passed_over(
    server: NatsUnderTest, connection: Connection, publisher: Publisher
) -> None:
    await publisher.stand()
    events = run_events(2)
    await publisher.publish(events)
    for _ in range(3):
        await connection.jetstream.publish("waybill.events.no.such.event", b"hello", headers={"ce-id": "1"})
    with pytest.raises(NatsUnavailable, match="wrong last sequence"):
        await publisher.publish(run_events(1, after=2))
    assert await publisher.stand() == replace(FRESH, last=copy_of(events[-1]))
    await publisher.publish(run_events(1, after=2))
    stored = await server.events()
    assert [message.headers.get("waybill-position") for message in stored] == ["1", "2", None, None, None, "3"]


async def test_a_stream_full_of_strangers_is_not_ours(
    connection: Connection, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "STRANGERS_MAX", 2)
    await publisher.stand()
    await publisher.publish(run_events(1))
    for _ in range(3):
        await connection.jetstream.publish("waybill.events.no.such.event", b"hello")
    assert await publisher.stand() == replace(FRESH, foreign=True)


async def test_a_batch_is_bounded_in_bytes_too(
    server: NatsUnderTest, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "BATCH_BYTES_MAX", 10_000)
    entries = tuple(ManifestEntry(path="p" * 2000, sha256="0" * 64, size=1) for _ in range(3))
    large = SkillVersionPublished(version=1, digest="sha256:0", description="", manifest=entries)
    events = [recorded(large, stream=uuid4(), position=number + 1) for number in range(5)]
    await publisher.stand()
    await publisher.publish(events)
    assert positions(await server.events()) == [1, 2, 3, 4, 5]
    cut = list(batches([event_message(event, store_epoch=EPOCH) for event in events]))
    assert [len(batch) for batch in cut] == [1, 1, 1, 1, 1]


@pytest.mark.parametrize("count", [1, SINGLY_MAX, SINGLY_MAX + 1, BATCH_MAX + 1])
async def test_tickets_are_issued_once_also_when_asked_twice(
    server: NatsUnderTest, publisher: Publisher, count: int
) -> None:
    await publisher.stand()
    events = reserved(count)
    await publisher.issue(events[: count // 2], at=NOON)
    await publisher.issue(events, at=NOON)
    tickets = await server.tickets()
    assert sorted(ticket.headers["Nats-Msg-Id"] for ticket in tickets) == sorted(f"{one}:ticket" for one in ids(events))


async def test_a_ticket_issued_again_is_another_message(server: NatsUnderTest, publisher: Publisher) -> None:
    await publisher.stand()
    events = reserved(1)
    await publisher.issue(events, at=NOON)
    await publisher.issue(events, at=NOON, again=True)
    assert len(await server.tickets()) == 2


async def test_a_full_work_stream_refuses_a_ticket_rather_than_drop_one(
    connection: Connection, publisher: Publisher
) -> None:
    await publisher.stand()
    info = await connection.jetstream.stream_info(WORK_STREAM)
    await connection.jetstream.update_stream(info.config.evolve(max_bytes=2000))
    with pytest.raises(NatsUnavailable, match="maximum bytes exceeded"):
        await publisher.issue(reserved(10), at=NOON)


async def test_the_work_stream_remembers_that_it_is_complete_and_forgets_it_with_itself(
    connection: Connection, publisher: Publisher
) -> None:
    await publisher.stand()
    await publisher.mark_tickets_complete()
    assert (await publisher.stand()).tickets_complete
    assert not (await Publisher(connection, store_epoch=str(uuid4())).stand()).tickets_complete
    await connection.jetstream.delete_stream(WORK_STREAM)
    assert not (await publisher.stand()).tickets_complete


async def test_streams_made_anew_or_emptied_behind_its_back_are_noticed(
    connection: Connection, publisher: Publisher
) -> None:
    await publisher.stand()
    await publisher.publish(run_events(2))
    assert await publisher.still_stands()
    await connection.jetstream.purge_stream(EVENTS_STREAM)
    assert not await publisher.still_stands()
    await publisher.stand()
    assert await publisher.still_stands()
    await connection.jetstream.delete_stream(WORK_STREAM)
    assert not await publisher.still_stands()


async def test_a_reconnect_is_noticed(server: NatsUnderTest, connection: Connection, publisher: Publisher) -> None:
    interrupted = []
    await publisher.stand()
    interrupted.append(publisher.interrupted)
    await server.kill()
    with pytest.raises(NatsUnavailable):
        await publisher.publish(run_events(1))
    interrupted.append(publisher.interrupted)
    await server.start()
    assert await connection.wait_connected(timeout_seconds=20)
    interrupted.append(publisher.interrupted)
    await publisher.stand()
    interrupted.append(publisher.interrupted)
    assert interrupted == [False, True, True, False]


async def test_no_call_waits_long_for_a_server_that_does_not_answer(
    connection: Connection, publisher: Publisher
) -> None:
    await publisher.stand()
    await connection.jetstream.delete_stream(EVENTS_STREAM)
    async with asyncio.timeout(10):
        for count in (1, SINGLY_MAX * 2):
            with pytest.raises(NatsUnavailable):
                await publisher.publish(run_events(count))
