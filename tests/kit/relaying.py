"""A store with runs in it, and relays to run over it, for tests that break what is around them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

import msgspec
from msgspec.structs import asdict

from adapters.memory.event_store import MemoryEventStore
from adapters.nats.connection import connect
from adapters.nats.messages import Ticket
from adapters.nats.publisher import Publisher
from commands.handling import Handling
from commands.restore_store import RestoreStoreHandler
from domain.errors import StoreOffline
from domain.events import Event, Recorded
from domain.install_run.events import RunStarted
from domain.installation.decisions import Pair
from domain.installation.events import (
    InstallationChanged,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
    Receipt,
)
from domain.ports import Append, EventLog, Lease, NewEvent, Roles
from domain.provider.events import CredentialRef, ProviderConnected
from domain.store.state import STORE_STREAM
from tests.kit.facts import context
from tests.kit.jetstream import NatsUnderTest, Stored, login_of
from tests.kit.waiting import eventually
from workers import relay
from workers.recovering import Recovery
from workers.relay import Progress

SECONDS_MAX = 30.0
EPOCH = str(uuid4())
PROVIDER = uuid4()


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Ledger:
    """Writes events into a store as commands would, and knows what must be found at NATS."""

    def __init__(self) -> None:
        self.store = MemoryEventStore()
        self._versions: dict[UUID, int] = {}

    async def write(self, *events: tuple[UUID, Event], age: timedelta = timedelta()) -> tuple[Recorded, ...]:
        streams = {stream: self._versions.get(stream, 0) for stream, _ in events}
        recorded = await self.store.append(
            Append(
                expected=streams,
                events=tuple(NewEvent(id=uuid4(), stream=stream, event=event) for stream, event in events),
                context=context(),
                at=datetime.now(UTC) - age,
            )
        )
        self._versions.update({event.stream: event.version for event in recorded})
        return recorded

    async def happen(self, count: int, *, streams: int = 5) -> None:
        """Events in a few streams, in turn."""
        names = [uuid4() for _ in range(streams)]
        for number in range(count):
            await self.write((names[number % streams], RunStarted()))

    async def connect_provider(self, provider: UUID, *, age: timedelta = timedelta()) -> Recorded:
        event = ProviderConnected(
            name=f"provider-{provider.hex[:8]}",
            kind="noop",
            base_url="http://127.0.0.1",
            credential=CredentialRef(source="env", name="WAYBILL_CREDENTIAL_TEST"),
            concurrency_max=5,
        )
        return (await self.write((provider, event), age=age))[0]

    async def reserve(
        self, provider: UUID, *, installation: UUID | None = None, age: timedelta = timedelta()
    ) -> Recorded:
        event = InstallationReserved(run_id=uuid4(), skill_id=uuid4(), provider_id=provider, version=1)
        return (await self.write((installation or uuid4(), event), age=age))[0]

    async def finish(
        self, reserved: Recorded, how: Literal["changed", "removed", "released"], *, kept: bool = False
    ) -> None:
        """What the run has done there frees its slot, unless that is `kept`."""
        assert isinstance(reserved.event, InstallationReserved)
        pair = Pair(
            run_id=reserved.event.run_id, skill_id=reserved.event.skill_id, provider_id=reserved.event.provider_id
        )
        event: Event = InstallationReleased(run_id=pair.run_id)
        if how == "changed":
            receipt = Receipt(remote_id="remote")
            event = InstallationChanged(**asdict(pair), version=1, digest="sha256:0", receipt=receipt, kept=kept)
        if how == "removed":
            event = InstallationRemoved(**asdict(pair), kept=kept)
        await self.write((reserved.stream, event))

    async def everything(self) -> tuple[Recorded, ...]:
        return await self.store.read(after=0, limit=await self.store.head())


@asynccontextmanager
async def relaying(
    server: NatsUnderTest,
    *,
    log: EventLog,
    roles: Roles,
    epoch: str,
    holder: str = "a",
    clock: Callable[[], float] | None = None,
) -> AsyncIterator[Progress]:
    """A relay at work, with a connection of its own; it must end when it is told to."""
    store = log if isinstance(log, MemoryEventStore) else None
    connection = await connect(server.url, name=holder, login=login_of("relay"), timeout_seconds=0.5)
    stopping, progress = asyncio.Event(), Progress()
    task = asyncio.create_task(
        relay.run(
            log=log,
            roles=roles,
            publisher=Publisher(connection, store_epoch=epoch),
            recovery=recovery_of(log, store=store or MemoryEventStore(), epoch=epoch),
            stopping=stopping,
            holder=holder,
            progress=progress,
            clock=clock or time.monotonic,
        )
    )
    try:
        yield progress
        stopping.set()
        async with asyncio.timeout(SECONDS_MAX):
            await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await connection.close()


def recovery_of(log: EventLog, *, store: MemoryEventStore, epoch: str) -> Recovery:
    """A store in memory is never restored from a dump; what becomes of it otherwise, its copies show."""
    epochs = [epoch]

    async def at_home() -> bool:
        return True

    async def latest() -> str:
        """Another one after every restore that the store tells of."""
        restores = len(await store.load(STORE_STREAM))
        while len(epochs) <= restores:
            epochs.append(str(uuid4()))
        return epochs[restores]

    async def compare() -> None:
        """Nothing is installed anywhere."""

    restore = RestoreStoreHandler(handling=Handling(store=store, clock=lambda: datetime.now(UTC), new_id=uuid4))
    return Recovery(log=log, at_home=at_home, restore=restore, epoch=latest, compare=compare, by="relay")


async def caught_up(progress: Progress, log: EventLog) -> None:
    async def condition() -> bool:
        return progress.state == "relaying" and progress.position == await log.head()

    await eventually(condition, SECONDS_MAX)


async def checkpoint(roles: Roles) -> int:
    """What a successor would start from; only when nobody holds the role."""
    lease = await roles.acquire(role=relay.ROLE, holder="auditor", seconds=0)
    assert lease is not None
    return lease.position


async def assert_copied(server: NatsUnderTest, ledger: Ledger) -> list[Stored]:
    """The stream holds exactly the events of the store, in its order."""
    stored = await server.events()
    assert [message.headers["ce-id"] for message in stored] == [str(event.id) for event in await ledger.everything()]
    return stored


def ticketed(stored: list[Stored]) -> list[UUID]:
    """The events that these tickets were issued for."""
    return [msgspec.json.decode(message.body, type=Ticket).event_id for message in stored]


def event_ids(*events: Recorded) -> list[UUID]:
    return [event.id for event in events]


class Gate:
    """Stands between a relay and its store: `closed`, nothing comes back, as for a frozen process; `offline`, errors do."""

    def __init__(self, log: EventLog, roles: Roles) -> None:
        self._log = log
        self._roles = roles
        self._open = asyncio.Event()
        self._open.set()
        self.offline = False

    def close(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def _pass(self) -> None:
        await self._open.wait()
        if self.offline:
            raise StoreOffline

    async def head(self) -> int:
        await self._pass()
        return await self._log.head()

    async def read(self, *, after: int, limit: int) -> tuple[Recorded, ...]:
        await self._pass()
        return await self._log.read(after=after, limit=limit)

    async def wait(self, *, after: int, timeout_seconds: float) -> None:
        await self._open.wait()
        await self._log.wait(after=after, timeout_seconds=timeout_seconds)

    async def acquire(self, *, role: str, holder: str, seconds: float) -> Lease | None:
        await self._pass()
        return await self._roles.acquire(role=role, holder=holder, seconds=seconds)

    async def renew(self, lease: Lease, *, seconds: float) -> bool:
        await self._pass()
        return await self._roles.renew(lease, seconds=seconds)

    async def advance(self, lease: Lease, *, position: int) -> bool:
        await self._pass()
        return await self._roles.advance(lease, position=position)

    async def release(self, lease: Lease) -> None:
        await self._pass()
        await self._roles.release(lease)
