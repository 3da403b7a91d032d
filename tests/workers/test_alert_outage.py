"""That Postgres is away is said on NATS at once, once for all who see it, and put on record when it is back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta

import psycopg
import pytest

from adapters.memory.roles import MemoryRoles
from adapters.nats.alerts import AlertPublisher
from domain.alert.events import AlertRaised, AlertResolved
from domain.alert.rules import Lasting, RuleName
from domain.errors import StoreOffline
from domain.ports import Lease
from tests.kit.facts import NOON
from tests.workers.alarmed import Alarmed, only
from workers.alert_outage import ObservedRoles, Outage, OutageAlerts, StoreHealth

pytestmark = pytest.mark.anyio

RULE = Lasting(after_seconds=5, renotify_seconds=600)
SUBJECT = "store"


class Seconds:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """The health of a store that somebody looks at every second."""

    def __init__(self, rule: Lasting = RULE) -> None:
        self.seconds = Seconds()
        self.health = StoreHealth(rule=rule, clock=self.clock, seconds=self.seconds)

    def clock(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds.now - 1_000)

    def look(self, times: int) -> Outage | None:
        outage = None
        for _ in range(times):
            self.seconds.now += 1
            outage = self.health.look()
        return outage


def away() -> StoreOffline:
    error = StoreOffline()
    error.__cause__ = psycopg.OperationalError("gone")
    return error


def test_what_fails_for_as_long_as_the_rule_has_it_is_an_outage() -> None:
    watched = Watched()
    watched.health.failed(away())
    assert watched.look(4) is None
    outage = watched.look(1)
    assert outage is not None
    assert (outage.since, outage.reason) == (NOON, "OperationalError")


def test_a_server_that_says_nothing_gets_a_little_more_time() -> None:
    watched = Watched()
    assert watched.look(7) is None
    outage = watched.look(1)
    assert outage is not None
    assert outage.reason == "no answer"


def test_whatever_is_written_ends_it() -> None:
    watched = Watched()
    watched.health.failed(away())
    outage = watched.look(5)
    watched.health.written()
    assert watched.health.outage is None
    assert watched.health.past is outage
    assert watched.look(4) is None


def test_what_is_only_not_migrated_is_no_outage() -> None:
    watched = Watched()
    for _ in range(20):
        watched.health.failed(StoreOffline("Not migrated yet: 0001."))
        assert watched.look(1) is None


def test_who_was_asleep_knows_nothing_of_the_meantime() -> None:
    watched = Watched()
    watched.look(1)
    watched.seconds.now += 3600
    assert watched.health.look() is None
    assert watched.look(4) is None


def test_a_rule_that_is_out_says_nothing() -> None:
    watched = Watched(Lasting(enabled=False, after_seconds=5))
    watched.health.failed(away())
    assert watched.look(100) is None


async def test_the_writes_of_a_role_tell_how_the_store_is() -> None:
    class Gone(MemoryRoles):
        async def acquire(self, *, role: str, holder: str, seconds: float) -> Lease | None:
            raise away()

    watched = Watched()
    with pytest.raises(StoreOffline):
        await ObservedRoles(Gone(), watched.health).acquire(role="alerts", holder="test", seconds=5)
    assert watched.look(5) is not None
    assert await ObservedRoles(MemoryRoles(), watched.health).acquire(role="alerts", holder="test", seconds=5)
    assert watched.health.outage is None


class Process:
    """One that sees an outage, and says so until the test has heard enough."""

    def __init__(self, scene: Alarmed, publisher: AlertPublisher) -> None:
        self.watched = Watched()
        self.outages = OutageAlerts(
            health=self.watched.health, publisher=publisher, rule=RULE, clock=lambda: scene.world.now
        )

    def see_outage(self) -> None:
        self.watched.health.failed(away())
        assert self.watched.look(5) is not None


@asynccontextmanager
async def processes(scene: Alarmed, count: int) -> AsyncIterator[list[Process]]:
    stopping = asyncio.Event()
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(scene.nats.connection("alerts")) for _ in range(count)]
        them = [Process(scene, AlertPublisher(connection)) for connection in connections]
        for process in them:
            process.see_outage()
        tasks = [asyncio.create_task(process.outages.run(stopping)) for process in them]
        yield them
        stopping.set()
        await asyncio.gather(*tasks)


async def test_several_that_see_it_say_it_once(scene: Alarmed) -> None:
    async with processes(scene, 3) as them:
        (said,) = await scene.until_said(("raised", SUBJECT))
        assert (said.rule, said.severity, said.position) == ("database-offline", RULE.severity, None)
        assert said.facts["error"] == "OperationalError"
        await scene.until(
            lambda: all(
                one.watched.health.outage.alert_id == said.alert_id for one in them if one.watched.health.outage
            )
        )
    async with processes(scene, 1):
        scene.world.pass_time(RULE.renotify_seconds)
        _, again = await scene.until_said(("raised", SUBJECT), ("repeated", SUBJECT))
        assert (again.alert_id, again.times) == (said.alert_id, 2)


async def test_it_is_on_record_when_it_is_over_and_not_said_again(scene: Alarmed) -> None:
    """By whoever has the role then, who need not be the one that said it."""
    async with processes(scene, 1):
        (said,) = await scene.until_said(("raised", SUBJECT))
    async with scene.part(only(database_offline=RULE)):
        _, resolved = await scene.until_said(("raised", SUBJECT), ("resolved", SUBJECT))
        assert resolved.alert_id == said.alert_id
    raised, over = await scene.events(AlertRaised, AlertResolved)
    assert isinstance(raised, AlertRaised)
    assert isinstance(over, AlertResolved)
    assert (raised.alert_id, raised.facts) == (said.alert_id, said.facts)
    async with scene.part(only(database_offline=RULE)):
        await scene.looked()
    assert len(await scene.events(AlertRaised, AlertResolved)) == 2


async def test_what_nats_was_not_told_either_is_told_afterwards(scene: Alarmed) -> None:
    async with scene.part(only(database_offline=RULE)) as part:
        part.health.past = Outage(since=scene.world.now, reason="OperationalError")
        raised, resolved = await scene.until_said(("raised", SUBJECT), ("resolved", SUBJECT))
        assert raised.alert_id == resolved.alert_id
        assert raised.rule == RuleName.DATABASE_OFFLINE
