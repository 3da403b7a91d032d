"""No event is left out or given twice while many write, clients come and go, and Postgres restarts."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.migrating import migrate
from domain.errors import StoreOffline
from tests.adapters.http.live_streams import listen
from tests.adapters.http.serving import Api, serving
from tests.kit.facts import append
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

WRITERS = 6
APPENDS = 60
READERS = 8
BACK_SECONDS = 20.0


@pytest.fixture
async def server(anyio_backend: str, tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres")
    migrate(await asyncio.to_thread(server.start))
    yield server
    await asyncio.to_thread(server.stop, "immediate")


class Reader:
    """A client that goes on where it was whenever the stream breaks off, for whatever reason."""

    def __init__(self, api: Api, *, seed: int, begin: int) -> None:
        self._choose = random.Random(seed)  # noqa: S311 - to try out, not to keep secret
        self._client = api.admin
        self._last_id = begin
        self.positions: list[int] = []
        self.visits = 0

    async def read(self, upto: int) -> None:
        while not self.positions or self.positions[-1] < upto:
            self.visits += 1
            try:
                await self._visit(upto, self._choose.randint(1, 400))
            except (httpx2.TransportError, EOFError):
                continue

    async def _visit(self, upto: int, count: int) -> None:
        async with listen(self._client, last_id=self._last_id) as stream:
            try:
                for _ in range(count):
                    sent = await stream.next()
                    if sent.name == "reconnect":
                        return
                    self.positions.append(sent.position)
                    if sent.position >= upto:
                        return
            finally:
                self._last_id = stream.last_id or self._last_id


@pytest.mark.parametrize("seed", [1, 2])
async def test_readers_who_come_and_go_among_writers_get_every_event_once(api: Api, seed: int) -> None:
    choose = random.Random(seed)  # noqa: S311
    begin = await api.head()
    sizes = [[choose.randint(1, 8) for _ in range(APPENDS)] for _ in range(WRITERS)]
    upto = begin + sum(map(sum, sizes))

    async def write(sizes: list[int]) -> None:
        for size in sizes:
            await api.store.append(append(*(uuid4() for _ in range(size))))

    begins = [begin if number % 2 else 0 for number in range(READERS)]
    readers = [Reader(api, seed=seed * 100 + number, begin=first) for number, first in enumerate(begins)]
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for some in sizes:
            group.create_task(write(some))
        for reader in readers:
            group.create_task(reader.read(upto))
    for first, reader in zip(begins, readers, strict=True):
        assert reader.positions == list(range(first + 1, upto + 1))
        assert reader.visits > 1


async def test_a_restart_of_postgres_is_no_gap(server: EmbeddedPostgres, tmp_path: Path) -> None:
    async with serving(server.url, tmp_path, projecting=False) as api:
        await api.connect("openai")
        await api.register()
        run = await api.queue("kbo-results", "openai")
        begin = await api.head()
        path = f"/api/install-runs/{run['id']}/events"
        async with listen(api.admin, after=begin) as stream, listen(api.admin, path, after=begin) as of_run:
            await asyncio.to_thread(server.stop, "immediate")
            assert (await api.admin.get(path)).status_code == 503
            await asyncio.to_thread(server.start)

            async def stored() -> bool:
                try:
                    await api.store.append(append(uuid4()))
                except StoreOffline:
                    return False
                return True

            await eventually(stored, BACK_SECONDS)
            await api.succeed(run)
            upto = await api.head()
            sent = await stream.take(upto - begin)
            assert [one.position for one in sent] == list(range(begin + 1, upto + 1))
            assert [one.name for one in await of_run.to_the_end()][-2:] == ["RunSucceeded", "end"]
