"""How long a stream lasts: pings, its age, its key, its client, and the end of the server."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import pytest

from adapters.http.live import Pace
from adapters.http.stream_limits import STREAMS_PER_KEY_MAX
from commands.revoke_api_key import RevokeApiKey
from domain.events import Role
from tests.adapters.http.live_streams import Stream, listen
from tests.adapters.http.serving import Api, context, open_client, serving
from tests.kit.facts import append
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

QUICK = Pace(ping_seconds=0.1, key_check_seconds=0.1, blocked_seconds_max=0.5)
LARGE = 64


@pytest.fixture(scope="module")
async def api(anyio_backend: str, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    async with serving(module_database, tmp_path_factory.mktemp("credentials"), pace=QUICK) as served:
        yield served


async def none_open(api: Api) -> None:
    async def none() -> bool:
        return api.live.open_streams == 0

    await eventually(none, 5)


@asynccontextmanager
async def deaf(api: Api, path: str = "/api/events?after=0") -> AsyncIterator[socket.socket]:
    """A client that asks and never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    host, port = api.url.removeprefix("http://").split(":")
    await loop.sock_connect(client, (host, int(port)))
    key = api.admin.headers["Authorization"]
    await loop.sock_sendall(client, f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\n\r\n".encode())
    try:
        yield client
    finally:
        client.close()


async def test_a_quiet_stream_shows_that_it_is_there(api: Api) -> None:
    async with listen(api.admin) as stream:
        for _ in range(3):
            await stream.ping()
        (appended,) = await api.store.append(append(uuid4()))
        assert (await stream.next()).position == appended.position


async def test_pings_say_how_far_a_stream_has_come_although_nothing_was_for_it(api: Api) -> None:
    async with listen(api.admin, stream=str(uuid4())) as stream:
        appended = await api.store.append(append(*(uuid4() for _ in range(3))))

        async def has_come() -> bool:
            await stream.line()
            return stream.last_id == appended[-1].position

        await eventually(has_come, 5)
    async with listen(api.admin, last_id=stream.last_id) as stream:
        (following,) = await api.store.append(append(uuid4()))
        assert (await stream.next()).position == following.position


async def test_a_stream_ends_soon_after_its_key_was_revoked(api: Api) -> None:
    async with open_client(api.url, await api.new_key("leaver", Role.VIEWER)) as client, listen(client) as stream:
        await stream.ping()
        await api.commands.revoke_api_key(RevokeApiKey(key_id="leaver"), context())
        sent = await stream.to_the_end(5)
        assert (sent[-1].name, sent[-1].data) == ("reconnect", {"reason": "key"})
        assert {one.name for one in sent[:-1]} <= {"InstallationReserved"}
        assert (await client.get("/api/events")).status_code == 401


async def test_a_key_has_so_many_streams_and_no_more(api: Api) -> None:
    async with open_client(api.url, await api.new_key("many", Role.VIEWER)) as client:
        async with AsyncExitStack() as stack:
            for _ in range(STREAMS_PER_KEY_MAX):
                await stack.enter_async_context(listen(client))
            assert api.live.open_streams == STREAMS_PER_KEY_MAX
            answer = await client.get("/api/events")
            assert (answer.status_code, answer.json()["code"]) == (429, "rate_limit:api")
            assert int(answer.headers["Retry-After"]) > 0
            async with listen(api.admin):
                assert api.live.open_streams == STREAMS_PER_KEY_MAX + 1
        await none_open(api)
        async with listen(client):
            pass
    await none_open(api)


async def test_a_client_that_vanishes_is_noticed(api: Api) -> None:
    async with deaf(api) as client:

        async def opened() -> bool:
            return api.live.open_streams == 1

        await eventually(opened, 5)
        client.close()
        await none_open(api)


async def test_a_client_that_sent_another_request_behind_it_and_vanished_is_noticed(api: Api) -> None:
    """The server hears of its end as that of the other request."""
    async with deaf(api) as client:
        key = api.admin.headers["Authorization"]
        request = f"GET /api/skills HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\n\r\n".encode()
        await asyncio.get_running_loop().sock_sendall(client, request)

        async def opened() -> bool:
            return api.live.open_streams == 1

        await eventually(opened, 5)
        client.close()
        await none_open(api)


async def test_who_takes_nothing_is_cut_off_and_the_others_get_everything(api: Api) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(10):
            await stack.enter_async_context(deaf(api))
        head = await api.head()
        reading = await stack.enter_async_context(listen(api.admin))
        taking = asyncio.create_task(reading.take(LARGE * 100))
        for _ in range(LARGE):
            await api.store.append(append(*(uuid4() for _ in range(100))))
        sent = await taking
        assert [one.position for one in sent] == list(range(head + 1, head + 1 + LARGE * 100))

        async def only_the_reader() -> bool:
            return api.live.open_streams == 1

        await eventually(only_the_reader, 10)
    await none_open(api)


async def last_words(stream: Stream) -> tuple[str, object]:
    sent = await stream.to_the_end(5)
    return sent[-1].name, sent[-1].data


async def test_a_stream_does_not_grow_older_than_it_may(
    database: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pace = Pace(age_seconds_max=0.2)
    async with serving(database, tmp_path_factory.mktemp("old"), pace=pace, projecting=False) as api:
        async with listen(api.admin) as stream:
            assert await last_words(stream) == ("reconnect", {"reason": "expired"})
        async with listen(api.admin, last_id=stream.last_id) as stream:
            (appended,) = await api.store.append(append(uuid4()))
            assert (await stream.next()).position == appended.position
        async with AsyncExitStack() as stack:
            streams = [await stack.enter_async_context(listen(api.admin)) for _ in range(5)]
            api.live.stopping.set()
            for stream in streams:
                assert await last_words(stream) == ("reconnect", {"reason": "shutdown"})
