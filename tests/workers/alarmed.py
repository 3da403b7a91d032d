"""The alerts part at work on a real Postgres with a real projector, and NATS; the time of the events is the test's to pass."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from uuid import UUID, uuid4

import msgspec
from msgspec.structs import replace
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from adapters.nats.alerts import AlertMessage
from adapters.nats.connection import Connection
from adapters.nats.streams import ALERTS_STREAM
from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.read_models import PostgresReadModels
from adapters.postgres.read_models_reader import PostgresReader
from adapters.postgres.roles import PostgresRoles
from commands.expire_lease import ExpireLease, ExpireLeaseHandler
from commands.handling import Handling
from domain.alert.events import AlertRaised, AlertRepeated, AlertResolved
from domain.alert.rules import DEFAULT, Rule, Rules
from domain.errors import Code
from domain.events import Event
from projections.catalog import READ_MODELS
from projections.tracking import ROLE as PROJECTOR
from queries.alert_view import Alert
from queries.list_alerts import ListAlerts, list_alerts
from tests.commands.world import World
from tests.kit.facts import context
from tests.kit.jetstream import NatsUnderTest
from tests.kit.waiting import eventually
from workers.alert_wiring import AlertsPart, wire_alerts
from workers.alerting import ROLE
from workers.projector import run as run_projector

SECONDS_MAX = 15.0
ROUND_SECONDS = 0.05
# Longer than any lease of an attempt under the usual policy.
LEASE_SECONDS = 300


class Stored(PostgresEventStore):
    """The credential is in the environment, so no row is kept beside the events."""

    rows: dict[str, list[dict[str, Any]]] = {}  # noqa: RUF012 - nothing is written there


def only(**rules: Rule) -> Rules:
    """These rules and no others."""
    off = {name: replace(getattr(DEFAULT, name), enabled=False) for name in DEFAULT.__struct_fields__}
    return Rules(**(off | rules))


class Alarmed:
    """A store in which things happen, and what the part says of them."""

    def __init__(self, url: str, *, nats: NatsUnderTest, world: World, pool: Pool, log: PostgresEventLog) -> None:
        self.url = url
        self.nats = nats
        self.world = world
        self.log = log
        self.reader = PostgresReader(pool, url=url, name="test", read_models=READ_MODELS)
        self._pool = pool
        self._stopping = asyncio.Event()
        self._projecting: asyncio.Task[None] | None = None
        self._parts: list[tuple[AlertsPart, Connection]] = []

    @asynccontextmanager
    async def part(self, rules: Rules) -> AsyncIterator[AlertsPart]:
        """A process of its own, as far as it can be in this one."""
        stopping = asyncio.Event()
        async with AsyncExitStack() as stack:
            pool = await stack.enter_async_context(open_pool(self.url, name="alerts", size_max=4))
            store = PostgresEventStore(self.url, name="alerts-store")
            stack.push_async_callback(store.close)
            nats = await stack.enter_async_context(self.nats.connection("alerts"))
            part = wire_alerts(
                rules=rules,
                pool=pool,
                reader=self.reader,
                handling=Handling(store=store, clock=lambda: self.world.now, new_id=uuid4),
                nats=nats,
                stopping=stopping,
                round_seconds=ROUND_SECONDS,
            )
            self._parts.append((part, nats))
            running = asyncio.create_task(part.run(beside=stopping.wait))
            try:
                yield part
                assert not running.done(), running.exception()
            finally:
                stopping.set()
                await running
                self._parts.remove((part, nats))

    async def looked(self) -> None:
        """Whoever has the role has looked at everything once more."""
        before = [part.alerting.rounds for part, _ in self._parts]

        def again() -> bool:
            return any(part.alerting.rounds > rounds + 1 for (part, _), rounds in zip(self._parts, before, strict=True))

        await self.until(again)

    async def cut_off(self) -> None:
        """The part has noticed that NATS is away."""
        await self.until(lambda: not any(nats.connected for _, nats in self._parts))

    async def connected_again(self) -> None:
        await self.until(lambda: all(nats.connected for _, nats in self._parts))

    async def start_projector(self) -> None:
        self._stopping.clear()
        self._projecting = asyncio.create_task(
            run_projector(
                log=self.log,
                roles=PostgresRoles(self._pool),
                read_models=PostgresReadModels(self._pool, READ_MODELS),
                stopping=self._stopping,
                holder="test",
            )
        )

    async def stop_projector(self) -> None:
        self._stopping.set()
        if self._projecting is not None:
            await self._projecting

    async def caught_up(self) -> None:
        """Every read model has every event."""

        async def there() -> bool:
            standing = await self.reader.standing()
            return all(model.position == standing.head for model in standing.read_models)

        await eventually(there, SECONDS_MAX)

    async def rebuild(self, *names: str) -> None:
        """Empty these read models, have the part look at that, and have them filled from the first event."""
        await self.caught_up()
        await self.stop_projector()
        roles = PostgresRoles(self._pool)
        lease = await roles.acquire(role=PROJECTOR, holder="test", seconds=60)
        assert lease is not None
        read_models = PostgresReadModels(self._pool, READ_MODELS)
        await read_models.open(lease.epoch)
        for name in names:
            await read_models.rewind(name, epoch=lease.epoch)
        await self.looked()
        await self.start_projector()
        await self.caught_up()

    async def until(self, condition: Callable[[], bool]) -> None:
        async def so() -> bool:
            return condition()

        await eventually(so, SECONDS_MAX)

    async def fail(self, times: int = 1, *, provider: str = "openai", code: Code = Code.PROVIDER_INVALID_SKILL) -> UUID:
        """So many runs, one after the other, that fail for good; the last one's id."""
        for _ in range(times):
            run_id = (await self.world.queue(provider)).run_id
            await self.world.fail(run_id, code=code)
        return run_id

    async def start_and_lose_it(self, *, times: int) -> UUID:
        """A run whose installer dies so often in the middle of an attempt."""
        run_id = (await self.world.queue("openai")).run_id
        for _ in range(times):
            await self.lose_it(run_id)
        return run_id

    async def lose_it(self, run_id: UUID) -> None:
        attempt = await self.world.start(run_id)
        assert attempt is not None
        self.world.pass_time(LEASE_SECONDS)
        expire = ExpireLeaseHandler(handling=self.world.handling)
        assert await expire(ExpireLease(run_id=run_id, provider_id=attempt.provider_id), context())
        # The wait before the next one.
        self.world.pass_time(LEASE_SECONDS)

    async def until_recorded(self, *kinds: type[Event]) -> None:
        """As soon as these events are in the store, and no others of an alert."""

        async def there() -> bool:
            return [type(event) for event in await self.events(AlertRaised, AlertRepeated, AlertResolved)] == [*kinds]

        await eventually(there, SECONDS_MAX)

    async def alerts(self, **asked: Any) -> Sequence[Alert]:
        """The oldest first."""
        found = (await list_alerts(self.reader, ListAlerts(**asked))).items
        return found[::-1]

    async def said(self) -> list[AlertMessage]:
        """What is on NATS, in its order."""
        messages: list[RawStreamMsg] = []
        async with self.nats.jetstream() as jetstream:
            with suppress(NotFoundError):
                last = (await jetstream.stream_info(ALERTS_STREAM)).state.last_seq
                messages = [await jetstream.get_msg(ALERTS_STREAM, seq=number) for number in range(1, last + 1)]
        return [msgspec.json.decode(message.data or b"", type=AlertMessage) for message in messages]

    async def told(self) -> int:
        """How far whoever comes next need not tell anything again."""
        return (await PostgresRoles(self._pool).standing(ROLE)).position

    async def until_said(self, *expected: tuple[str, str]) -> list[AlertMessage]:
        """As soon as NATS has these (kind, subject) and no others."""

        async def there() -> bool:
            return [(message.kind, message.subject) for message in await self.said()] == list(expected)

        try:
            await eventually(there, SECONDS_MAX)
        except AssertionError:
            found = [(message.kind, message.subject) for message in await self.said()]
            raise AssertionError(f"said was {found}, not {expected}") from None
        return await self.said()

    async def events(self, *kinds: type[Event]) -> list[Event]:
        found: list[Event] = []
        after = 0
        while recorded := await self.log.read(after=after, limit=1000):
            found += [one.event for one in recorded if isinstance(one.event, kinds)]
            after = recorded[-1].position
        return found


@asynccontextmanager
async def alarmed(url: str, nats: NatsUnderTest) -> AsyncIterator[Alarmed]:
    """With a projector, a skill and a connection."""
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(url, name="test", size_max=4))
        store, log = Stored(url, name="test-store"), PostgresEventLog(url, name="test-log")
        world = World(store)  # type: ignore[arg-type]
        scene = Alarmed(url, nats=nats, world=world, pool=pool, log=log)
        for one in (store, log, scene.reader):
            stack.push_async_callback(one.close)
        await scene.start_projector()
        stack.push_async_callback(scene.stop_projector)
        await world.register()
        await world.connect(credential="env:WAYBILL_CREDENTIAL_GOOD")
        yield scene
