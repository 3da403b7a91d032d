"""Whoever follows the alerts hears each once, from where they want, over whatever happens to the server."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import json

from adapters.nats.alert_following import AlertFollower, From
from adapters.nats.alerts import AlertMessage, AlertPublisher
from adapters.nats.connection import NatsUnavailable, connect
from adapters.nats.pulling import Taken
from adapters.nats.streams import ALERTS_STREAM
from domain.alert.rules import Severity
from tests.architecture.sources import ROOT
from tests.kit.alerting import alert
from tests.kit.jetstream import NatsUnderTest, url_as
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

SECONDS_MAX = 20.0
NEW = From()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.nats.pulling.TAKE_SECONDS", 0.2)


@pytest.fixture
async def publisher(server: NatsUnderTest) -> AsyncIterator[AlertPublisher]:
    async with server.connection("alerts") as connection:
        yield AlertPublisher(connection)


@asynccontextmanager
async def following(
    server: NatsUnderTest, begin: From, *, severities: Sequence[str] = (), rules: Sequence[str] = ()
) -> AsyncIterator[AlertFollower]:
    """As the subscriber, with the URL alone."""
    connection = await connect(url_as(server.url, "subscriber"), name="test")
    try:
        yield AlertFollower(connection, begin=begin, severities=severities, rules=rules)
    finally:
        await connection.close()


async def hear(follower: AlertFollower, count: int) -> list[str]:
    """The ids of the next few."""
    heard: list[str] = []

    async def enough() -> bool:
        with suppress(NatsUnavailable):
            taken = await follower.next()
            heard.extend([] if taken is None else [json.decode(taken.body)["id"]])
        return len(heard) == count

    await eventually(enough, SECONDS_MAX)
    return heard


async def silence(follower: AlertFollower) -> None:
    assert await follower.next() is None


async def publish(publisher: AlertPublisher, message: AlertMessage) -> str:
    """Also while the server is coming back."""

    async def published() -> bool:
        try:
            await publisher.publish(message)
        except NatsUnavailable:
            return False
        return True

    await eventually(published, SECONDS_MAX)
    return message.id


async def test_from_now_on(server: NatsUnderTest, publisher: AlertPublisher) -> None:
    await publish(publisher, alert())
    async with following(server, NEW) as follower:
        await silence(follower)
        new = await publish(publisher, alert())
        assert await hear(follower, 1) == [new]
        await silence(follower)
        async with server.jetstream() as jetstream:
            (consumer,) = await jetstream.consumers_info(ALERTS_STREAM)
    assert (consumer.num_pending, consumer.num_ack_pending) == (0, 0)


async def test_also_before_anything_was_ever_said(server: NatsUnderTest, publisher: AlertPublisher) -> None:
    async with following(server, NEW) as follower:
        with pytest.raises(NatsUnavailable, match="no stream WAYBILL_ALERTS yet"):
            await follower.next()
        first = await publish(publisher, alert())
        assert await hear(follower, 1) == [first]


async def test_the_last_few_and_then_on(server: NatsUnderTest, publisher: AlertPublisher) -> None:
    said = [await publish(publisher, alert("stuck" if number % 2 else "relay-lag")) for number in range(6)]
    async with following(server, From(last=2)) as follower:
        assert await hear(follower, 2) == said[-2:]
    async with following(server, From(last=100)) as follower:
        assert await hear(follower, 6) == said
    async with following(server, From(last=2), rules=["relay-lag"]) as follower:
        assert await hear(follower, 2) == [said[2], said[4]]
        await publish(publisher, alert())
        new = await publish(publisher, alert("relay-lag"))
        assert await hear(follower, 1) == [new]


async def test_since_a_time(server: NatsUnderTest, publisher: AlertPublisher) -> None:
    await publish(publisher, alert())
    between = datetime.now(UTC)
    second = await publish(publisher, alert())
    async with following(server, From(since=between)) as follower:
        assert await hear(follower, 1) == [second]
    async with following(server, From(since=between - timedelta(hours=1))) as follower:
        assert len(await hear(follower, 2)) == 2


async def test_only_of_these_severities_and_rules(server: NatsUnderTest, publisher: AlertPublisher) -> None:
    said = {
        (severity, rule): await publish(publisher, alert(rule, severity=severity))
        for severity in Severity
        for rule in ("stuck", "relay-lag", "long-running")
    }
    severe = ["warning", "critical"]
    async with following(server, From(last=9), severities=severe, rules=["stuck", "relay-lag"]) as follower:
        assert {*await hear(follower, 4)} == {
            said[Severity(severity), rule] for severity in severe for rule in ("stuck", "relay-lag")
        }
        await silence(follower)


@pytest.mark.parametrize("how", ["restarted", "wiped"])
async def test_it_goes_on_where_it_was(server: NatsUnderTest, publisher: AlertPublisher, how: str) -> None:
    """A consumer as this one is not kept over a restart, nor is a stream over a wipe."""
    first = await publish(publisher, alert())
    async with following(server, From(last=1)) as follower:
        assert await hear(follower, 1) == [first]
        if how == "wiped":
            await server.wipe()
        else:
            await server.kill()
            await server.start()
        second = await publish(publisher, alert())
        third = await publish(publisher, alert())
        assert await hear(follower, 2) == [second, third]


async def test_one_that_comes_again_since_an_answer_was_lost_is_not_said_again(
    server: NatsUnderTest, publisher: AlertPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(_: Taken) -> None:
        raise NatsUnavailable("the answer was lost")

    monkeypatch.setattr("adapters.nats.alert_following.ACK_SECONDS", 0.1)
    first = await publish(publisher, alert())
    async with following(server, From(last=1)) as follower:
        with monkeypatch.context() as losing:
            losing.setattr(Taken, "done", lost)
            assert await hear(follower, 1) == [first]
        await silence(follower)
        second = await publish(publisher, alert())
        assert await hear(follower, 1) == [second]


async def test_it_goes_on_without_its_consumer(server: NatsUnderTest, publisher: AlertPublisher) -> None:
    async with following(server, From(last=1)) as follower:
        first = await publish(publisher, alert())
        assert await hear(follower, 1) == [first]
        async with server.jetstream() as jetstream:
            (consumer,) = await jetstream.consumers_info(ALERTS_STREAM)
            await jetstream.delete_consumer(ALERTS_STREAM, consumer.name)
        second = await publish(publisher, alert())
        assert await hear(follower, 1) == [second]


async def test_the_example_hears_also_what_was_said_while_it_was_away(
    server: NatsUnderTest, publisher: AlertPublisher
) -> None:
    example = ROOT / "examples" / "alert_subscriber.py"
    assert len(example.read_text().splitlines()) < 40
    said: list[str] = []
    heard: list[list[str]] = []
    for subject in ("provider:claude", "provider:openai"):
        said += [await publish(publisher, alert(subject=subject)) for _ in range(2)]
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(example), url_as(server.url, "subscriber"), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        async with asyncio.timeout(SECONDS_MAX):
            heard += [(await process.stdout.readline()).decode().split() for _ in range(2)]

            async def settled(count: int = len(heard)) -> bool:
                async with server.jetstream() as jetstream:
                    info = await jetstream.consumer_info(ALERTS_STREAM, "my-alerts")
                return (info.ack_floor.stream_seq if info.ack_floor else 0) >= count

            await eventually(settled, SECONDS_MAX)
        process.kill()
        await process.wait()
    assert [line[0] for line in heard] == said
    assert heard[0][1:] == ["warning", "stuck", "raised", "provider:claude"]
