"""A NATS server to be killed and wiped, and a look at what its streams hold, with the library alone."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path

import nats
from msgspec import Struct
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import StreamInfo
from nats.js.errors import NotFoundError

from adapters.embedded.nats import EmbeddedNats
from adapters.nats.connection import Connection, Login, connect
from adapters.nats.streams import EVENTS_STREAM, EVENTS_SUBJECTS, WORK_STREAM
from workers.nats_settings import USERS, NatsUser, password_variables, url_for
from workers.settings import shared_folder

CONFIG = shared_folder() / "nats.conf"
SECONDS_MAX = 20.0
PASSWORDS = {user: f"the-password-of-{user}" for user in USERS}
# What the server and the parts have in their environment.
VARIABLES = password_variables(PASSWORDS)
TESTER = Login(user="tester", password="the-password-of-tests")
FIRST_USER = "    users: [\n"


def nats_at(folder: Path, *, monitor: bool = False) -> EmbeddedNats:
    """A server as it is in earnest, with known passwords."""
    return EmbeddedNats(folder, CONFIG, variables=VARIABLES, monitor=monitor)


def login_of(user: NatsUser) -> Login:
    return Login(user=user, password=PASSWORDS[user])


def url_as(url: str, user: NatsUser) -> str:
    return url_for(url, user, PASSWORDS[user])


class Stored(Struct, frozen=True):
    """A message as it stands in a stream."""

    sequence: int
    at: datetime | None
    subject: str
    headers: dict[str, str]
    body: bytes


class NatsUnderTest:
    """The users of `nats.conf`, and one who may do everything. Its port stays the same over every restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        config = folder.with_name(f"{folder.name}.conf")
        tester = f"{FIRST_USER}      {{ user: {TESTER.user}, password: {TESTER.password} }}\n"
        config.write_text(CONFIG.read_text().replace(FIRST_USER, tester, 1))
        self._server = EmbeddedNats(folder, config, variables=VARIABLES)
        self.url = ""

    async def start(self) -> None:
        self.url = await asyncio.to_thread(self._server.start)

    async def kill(self) -> None:
        await asyncio.to_thread(self._server.kill)

    async def stop(self) -> None:
        await asyncio.to_thread(self._server.stop)

    async def wipe(self) -> None:
        """Kill it and start it again on an empty disk."""
        await self.kill()
        shutil.rmtree(self._folder / "store")
        await self.start()

    @asynccontextmanager
    async def connection(self, user: NatsUser | None = None) -> AsyncIterator[Connection]:
        """As that user, else as the one who may do everything."""
        login = login_of(user) if user else TESTER
        connection = await connect(self.url, name=f"test-{login.user}", login=login)
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def jetstream(self) -> AsyncIterator[JetStreamContext]:
        options = {"user": TESTER.user, "password": TESTER.password}
        async with await nats.connect(self.url, allow_reconnect=False, **options) as client:
            yield client.jetstream(timeout=SECONDS_MAX)

    async def stream(self, name: str) -> StreamInfo:
        async with self.jetstream() as jetstream:
            return await jetstream.stream_info(name)

    async def events(self) -> list[Stored]:
        async with self.jetstream() as jetstream:
            count = (await jetstream.stream_info(EVENTS_STREAM)).state.messages
            messages = await _receive(jetstream, count) if count else []
        return [
            Stored(
                message.metadata.sequence.stream,
                message.metadata.timestamp,
                message.subject,
                message.headers or {},
                message.data,
            )
            for message in messages
        ]

    async def tickets(self) -> list[Stored]:
        """Those that nobody has acknowledged; a work queue has no second reader, so they are got one by one."""
        tickets = []
        async with self.jetstream() as jetstream:
            state = (await jetstream.stream_info(WORK_STREAM)).state
            for sequence in range(max(1, state.first_seq), state.last_seq + 1):
                with suppress(NotFoundError):
                    found = await jetstream.get_msg(WORK_STREAM, seq=sequence)
                    tickets.append(
                        Stored(sequence, found.time, found.subject or "", found.headers or {}, found.data or b"")
                    )
        return tickets


async def _receive(jetstream: JetStreamContext, count: int) -> list[Msg]:
    messages: list[Msg] = []
    complete = asyncio.Event()

    async def receive(message: Msg) -> None:
        messages.append(message)
        if len(messages) == count:
            complete.set()

    subscription = await jetstream.subscribe(EVENTS_SUBJECTS, ordered_consumer=True, cb=receive)
    async with asyncio.timeout(SECONDS_MAX):
        await complete.wait()
    await subscription.unsubscribe()
    return messages


@asynccontextmanager
async def running_nats(folder: Path) -> AsyncIterator[NatsUnderTest]:
    server = NatsUnderTest(folder)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
