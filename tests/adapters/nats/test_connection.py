"""The connection outlives whatever happens to the server, and never sends behind its user's back."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from nats.aio.msg import Msg
from nats.errors import OutboundBufferLimitError

from adapters.nats.connection import Connection, NatsUnavailable, connect
from tests.kit.jetstream import TESTER, NatsUnderTest
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

SECONDS_MAX = 20.0


def connected(connection: Connection) -> Callable[[], Awaitable[bool]]:
    async def condition() -> bool:
        return connection.connected

    return condition


def disconnected(connection: Connection) -> Callable[[], Awaitable[bool]]:
    async def condition() -> bool:
        return not connection.connected

    return condition


class Ear:
    """Hears a subject."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.changed = asyncio.Event()

    async def hear(self, message: Msg) -> None:
        self.heard.append(message.data)
        self.changed.set()

    async def wait(self) -> None:
        async with asyncio.timeout(SECONDS_MAX):
            await self.changed.wait()
        self.changed.clear()


async def test_it_is_connected_when_the_server_is_there(connection: Connection) -> None:
    assert connection.connected
    assert connection.generation == 1


async def test_it_comes_up_with_the_server_when_that_is_late(server: NatsUnderTest) -> None:
    await server.kill()
    connection = await connect(server.url, name="early", login=TESTER, timeout_seconds=0.2)
    ear = Ear()
    try:
        assert not connection.connected
        await connection.listen("greeting", ear.hear)
        assert not await connection.wait_connected(timeout_seconds=0.1)
        await server.start()
        assert await connection.wait_connected(timeout_seconds=SECONDS_MAX)
        await connection.client.publish("greeting", b"good morning")
        await ear.wait()
    finally:
        await connection.close()
    assert ear.heard == [b"good morning"]


async def test_it_comes_back_with_the_server_and_hears_again(server: NatsUnderTest, connection: Connection) -> None:
    ear, late, arrivals = Ear(), Ear(), Ear()
    await connection.listen("greeting", ear.hear)
    connection.on_arrival(arrivals.changed.set)
    await server.kill()
    await eventually(disconnected(connection), SECONDS_MAX)
    await connection.listen("greeting", late.hear)
    await server.start()
    await arrivals.wait()
    assert connection.connected
    assert connection.generation == 2
    await connection.client.publish("greeting", b"hello again")
    await ear.wait()
    await late.wait()
    assert ear.heard == late.heard == [b"hello again"]


async def test_what_is_said_while_the_server_is_away_is_refused_and_not_sent_later(
    server: NatsUnderTest, connection: Connection
) -> None:
    ear = Ear()
    await connection.listen("word", ear.hear)
    await server.kill()
    await eventually(disconnected(connection), SECONDS_MAX)
    with pytest.raises(OutboundBufferLimitError):
        await connection.client.publish("word", b"into the void")
    await server.start()
    await eventually(connected(connection), SECONDS_MAX)
    await connection.client.publish("word", b"after")
    await ear.wait()
    assert ear.heard == [b"after"]


async def test_an_answer_that_cannot_come_any_more_is_not_waited_for(
    server: NatsUnderTest, connection: Connection
) -> None:
    asked = asyncio.Event()

    async def never_answer(_: Msg) -> None:
        asked.set()

    async def ask() -> None:
        async with connection.asking(seconds=SECONDS_MAX * 5):
            await connection.client.request("question", b"", timeout=SECONDS_MAX * 5)

    await connection.listen("question", never_answer)
    asking = asyncio.create_task(ask())
    async with asyncio.timeout(SECONDS_MAX):
        await asked.wait()
        await server.kill()
        with pytest.raises(NatsUnavailable, match="lost"):
            await asking
        with pytest.raises(NatsUnavailable, match="not connected"):
            await ask()


async def test_an_answer_is_waited_for_so_long_and_no_longer(connection: Connection) -> None:
    with pytest.raises(NatsUnavailable, match=r"no answer within 0\.1 s"):
        async with connection.asking(seconds=0.1):
            await asyncio.Event().wait()
    with pytest.raises(NatsUnavailable, match="no responders"):
        async with connection.asking():
            await connection.client.request("nobody", b"")


async def test_a_client_that_the_server_throws_out_for_good_is_replaced(connection: Connection) -> None:
    ear, late = Ear(), Ear()
    await connection.listen("greeting", ear.hear)
    former = connection.client
    assert former._transport is not None
    former._transport.write(b"THIS IS NO NATS\r\n")

    async def replaced() -> bool:
        return connection.connected and connection.client is not former

    await connection.listen("greeting", late.hear)
    await eventually(replaced, SECONDS_MAX)
    assert former.is_closed
    await connection.client.publish("greeting", b"still here")
    await ear.wait()
    await late.wait()
    assert ear.heard == late.heard == [b"still here"]


async def test_what_is_no_longer_listened_to_is_not_heard(connection: Connection) -> None:
    ear, other = Ear(), Ear()
    listening = await connection.listen("word", ear.hear)
    await connection.unlisten(listening)
    await connection.listen("word", other.hear)
    await connection.client.publish("word", b"secret")
    await other.wait()
    assert ear.heard == []


@pytest.mark.parametrize("url", ["", "nats://", "localhost"])
async def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="nats://host"):
        await connect(url, name="test")


async def test_closing_leaves_nothing_running(server: NatsUnderTest) -> None:
    before = asyncio.all_tasks()
    async with server.connection() as connection:
        await connection.listen("word", Ear().hear)
    unreachable = await connect("nats://127.0.0.1:1", name="test", timeout_seconds=0.05)
    await unreachable.close()

    async def calm() -> bool:
        return asyncio.all_tasks() == before

    await eventually(calm, SECONDS_MAX)
