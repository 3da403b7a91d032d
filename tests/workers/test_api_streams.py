"""The API as a process of its own: streams never hold up its end, and go on without a gap when it is back."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from cryptography.fernet import Fernet

from adapters.postgres.event_store import PostgresEventStore
from commands.handling import Handling
from commands.issue_api_key import IssueApiKey, IssueApiKeyHandler
from domain.errors import StoreOffline
from domain.events import Role
from tests.adapters.http.live_streams import listen
from tests.adapters.http.serving import open_client
from tests.kit.facts import append, context
from tests.kit.waiting import eventually, wait_until
from workers.settings import unsettled_environment
from workers.wiring import new_id, now

pytestmark = [pytest.mark.anyio, pytest.mark.processes]

KEYS = 7
STREAMS_PER_KEY = 20
DEAF_KEYS = 2
BACKLOG_COMMITS = 40
EVENTS_PER_COMMIT = 100
# Whatever is open when it stops is cut after five; on a quiet machine it takes two.
STOP_SECONDS_MAX = 4.0
READY_SECONDS = 30.0
BACK_SECONDS = 20.0


class ApiProcess:
    """`waybill api` at one address, which may be stopped and started again."""

    def __init__(self, database: str, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._log = folder / "api.log"
        self._environment = unsettled_environment() | {
            "PATH": os.environ["PATH"],
            "WAYBILL_POSTGRES_URL": database,
            "WAYBILL_NATS_URL": "nats://127.0.0.1:1",
            "WAYBILL_SECRET_KEY": Fernet.generate_key().decode(),
            "WAYBILL_LOG_FORMAT": "json",
            "XDG_DATA_HOME": str(folder / "home"),
        }

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, "-m", "workers.cli", "api", "--port", str(self._port)]
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                command, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log
            )
        try:
            wait_until(lambda: self._answers(process), READY_SECONDS)
            yield process
        finally:
            process.kill()
            process.wait()

    def _answers(self, process: subprocess.Popen[bytes]) -> bool:
        assert process.poll() is None, self.log
        try:
            return httpx2.get(f"{self.url}/livez", trust_env=False).is_success
        except httpx2.TransportError:
            return False


class Watcher:
    """Follows everything, and comes back when it is sent away. `reasons` are those it was given."""

    def __init__(self, client: httpx2.AsyncClient, begin: int) -> None:
        self._client = client
        self._last_id = begin
        self.positions: list[int] = []
        self.reasons: list[str] = []

    async def watch(self, upto: int | None) -> None:
        """Until it has come so far, or was sent away."""
        async with listen(self._client, last_id=self._last_id) as stream:
            try:
                while upto is None or self._last_id < upto:
                    sent = await stream.next(BACK_SECONDS)
                    if sent.name == "reconnect":
                        self.reasons.append(sent.data["reason"])
                        return
                    self.positions.append(sent.position)
                    self._last_id = sent.position
            finally:
                self._last_id = stream.last_id or self._last_id


@pytest.fixture
async def store(anyio_backend: str, database: str) -> AsyncIterator[PostgresEventStore]:
    store = PostgresEventStore(database, name="test-store")
    yield store
    await store.close()


async def keys_in(store: PostgresEventStore) -> list[str]:
    issue = IssueApiKeyHandler(handling=Handling(store=store, clock=now, new_id=new_id), random_bytes=os.urandom)
    keys = [
        await issue(IssueApiKey(key_id=f"watcher{number}", name="watcher", role=Role.VIEWER), context())
        for number in range(KEYS)
    ]
    return [key for key in keys if key is not None]


def open_deaf_clients(stack: ExitStack, api: ApiProcess, key: str) -> None:
    """They ask for everything from the beginning, and read nothing of it."""
    request = f"GET /api/events?after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    for _ in range(STREAMS_PER_KEY):
        client = stack.enter_context(socket.socket())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", int(api.url.rpartition(":")[2])))
        client.sendall(request)


@pytest.mark.long
async def test_streams_do_not_hold_up_the_end_and_go_on_afterwards(
    database: str, store: PostgresEventStore, tmp_path: Path
) -> None:
    keys = await keys_in(store)
    for _ in range(BACKLOG_COMMITS):
        begin = (await store.append(append(*(uuid4() for _ in range(EVENTS_PER_COMMIT)))))[-1].position
    api = ApiProcess(database, tmp_path)
    clients = [open_client(api.url, key) for key in keys[DEAF_KEYS:]]
    watchers = [Watcher(client, begin) for client in clients for _ in range(STREAMS_PER_KEY)]
    with ExitStack() as stack, api.running() as process:
        for key in keys[:DEAF_KEYS]:
            open_deaf_clients(stack, api, key)
        watching = [asyncio.create_task(watcher.watch(None)) for watcher in watchers]
        for _ in range(10):
            # A machine that opens so many streams may be slow to say that it stored something.
            with suppress(StoreOffline):
                await store.append(append(*(uuid4() for _ in range(3))))

        async def all_have_heard() -> bool:
            return all(watcher.positions for watcher in watchers)

        await eventually(all_have_heard, BACK_SECONDS)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(process.wait, 15)
        seconds = time.monotonic() - began
        await asyncio.gather(*watching)
    assert (code, seconds < STOP_SECONDS_MAX) == (0, True), f"{seconds:.1f} s"
    assert [watcher.reasons for watcher in watchers] == [["shutdown"]] * len(watchers)
    upto = (await store.append(append(*(uuid4() for _ in range(5)))))[-1].position
    with api.running():
        await asyncio.gather(*(watcher.watch(upto) for watcher in watchers))
    for client in clients:
        await client.aclose()
    assert {tuple(watcher.positions) for watcher in watchers} == {tuple(range(begin + 1, upto + 1))}
    assert "Traceback" not in api.log
