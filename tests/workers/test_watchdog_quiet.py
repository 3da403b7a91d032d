"""With no fault at all it does nothing, however long things take: waiting is not standing still."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from adapters.nats.backlog import Backlog
from adapters.nats.connection import Connection
from adapters.nats.streams import WORK_STREAM, ensure_streams
from domain.errors import Code
from domain.install_run.state import RunStatus
from domain.provider.events import ProviderDeactivated, ProviderEvent, ProviderPaused
from domain.provider.state import provider_stream
from tests.kit.jetstream import NatsUnderTest, running_nats
from tests.workers.living import CountedBacklogs
from tests.workers.watching import (
    LOST_SECONDS,
    Kept,
    everything_of,
    keeping,
    periods,
    relay_of,
    scheduler_of,
    take,
    tickets_of,
    watchdog_of,
)
from workers.watchdog import PAGE_MAX

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")
MANY = 300


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    async with running_nats(tmp_path / "nats") as server, keeping(server) as kept:
        await kept.connect()
        yield kept


async def test_hundreds_that_wait_for_one_slow_installer(kept: Kept) -> None:
    runs = await kept.queue(MANY)
    async with everything_of(kept) as watchdog, tickets_of(kept, OPENAI_ID) as source:
        await kept.ticketed(MANY)
        await periods(watchdog)
        for _ in range(2):
            for received in await take(source, 2):
                assert received.ticket.run_id is not None
                await kept.world.carry_out(received.ticket.run_id)
                await received.ack()
            await periods(watchdog)
    assert await kept.rescues() == 0
    ended = [run_id for run_id in runs if (await kept.run(run_id)).status is RunStatus.SUCCESS]
    assert len(ended) == 4


async def test_tickets_in_the_hand_of_an_installer_that_cannot_use_them_yet(kept: Kept) -> None:
    """They come again and again, and have been there for longer than any that waits."""
    await kept.queue(10)
    async with everything_of(kept) as watchdog, tickets_of(kept, OPENAI_ID) as source:
        await kept.ticketed(10)
        for _ in range(2):
            for received in await take(source, 10):
                await received.later(LOST_SECONDS / 2)
            await periods(watchdog)
    assert await kept.rescues() == 0


@pytest.mark.parametrize(
    "happened",
    [ProviderPaused(requested=True), ProviderDeactivated(), ProviderDeactivated(requested=True)],
    ids=["paused", "inactive", "shelved"],
)
async def test_a_connection_that_nobody_serves(kept: Kept, happened: ProviderEvent) -> None:
    """Whether or not it is known yet to those who serve it."""
    await kept.queue(5)
    await kept.world.happen_to("openai", happened)
    async with everything_of(kept) as watchdog:
        await kept.ticketed(5)
        await periods(watchdog)
        kept.served.clear()
        await periods(watchdog)
    assert await kept.rescues() == 0


async def test_targets_that_wait_in_line_also_when_their_turn_has_just_come(kept: Kept) -> None:
    for text in ("one", "two"):
        await kept.world.register(text)
    runs = [(await kept.world.queue("openai", ref=ref)).run_id for ref in ("1", "2")]
    async with everything_of(kept) as watchdog, tickets_of(kept, OPENAI_ID) as source:
        for run_id in runs:
            await periods(watchdog)
            (received,) = await take(source)
            assert received.ticket.run_id == run_id
            await kept.world.carry_out(run_id)
            await received.ack()
            await periods(watchdog, 6)
    assert await kept.rescues() == 0


async def test_retries_that_wait_for_their_time_and_then_for_an_installer(kept: Kept) -> None:
    runs = await kept.queue(5)
    async with everything_of(kept) as watchdog, tickets_of(kept, OPENAI_ID) as source:
        for received in await take(source, 5):
            assert received.ticket.run_id is not None
            await kept.world.fail(received.ticket.run_id, code=Code.PROVIDER_OVERLOADED, retryable=True)
            await received.ack()
        await periods(watchdog)
        kept.world.pass_time(2)
        await kept.ticketed(5)
        await periods(watchdog)
        # Longer than the scheduler gives an installer to take it.
        kept.world.pass_time(31)
        await periods(watchdog)
    assert await kept.rescues() == 0
    assert {(await kept.target(run_id)).attempts for run_id in runs} == {1}


async def test_a_relay_that_has_to_catch_up(kept: Kept) -> None:
    """What was queued while there was none has waited for long before its ticket is issued."""
    async with scheduler_of(kept), watchdog_of(kept) as watchdog:
        async with relay_of(kept), tickets_of(kept, OPENAI_ID) as source:
            (run_id,) = await kept.queue(1)
            (received,) = await take(source)
            await kept.world.carry_out(run_id)
            await received.ack()
            await kept.ticketed(0)
        await kept.queue(40)
        kept.world.pass_time(5)
        await periods(watchdog)
        async with relay_of(kept):
            await kept.ticketed(40)
            await periods(watchdog)
    assert await kept.rescues() == 0


async def test_a_relay_that_issues_everything_again_on_an_empty_server(kept: Kept) -> None:
    await kept.queue(40)
    async with everything_of(kept) as watchdog:
        await kept.ticketed(40)
        await periods(watchdog)
        await kept.server.wipe()
        await kept.ticketed(40)
        await periods(watchdog)
    assert await kept.rescues() == 0


class Remade(CountedBacklogs):
    """The stream is made anew while it is looked at, and all tickets are issued a moment later."""

    def __init__(self, connection: Connection, server: NatsUnderTest) -> None:
        super().__init__(connection)
        self.server = server
        self.ready = False
        self.remade = 0

    async def measure(self, provider_id: UUID) -> Backlog:
        if self.remade == 0 and self.ready:
            self.remade += 1
            async with self.server.jetstream() as jetstream:
                await jetstream.delete_stream(WORK_STREAM)
            await ensure_streams(self._connection)
        return await super().measure(provider_id)


@pytest.mark.long
async def test_a_stream_that_is_made_anew_while_it_is_looked_at(kept: Kept) -> None:
    await kept.queue(5)
    remade = Remade(kept.connection, kept.server)
    kept.backlogs = remade
    async with relay_of(kept), scheduler_of(kept):
        await kept.ticketed(5)
        async with watchdog_of(kept) as watchdog:
            await periods(watchdog)
            remade.ready = True
            await periods(watchdog, 3)
            await kept.ticketed(5)
            await periods(watchdog)
    assert remade.remade == 1
    assert await kept.rescues() == 0


async def test_a_watchdog_that_has_just_begun_judges_nothing_by_what_it_has_not_seen(kept: Kept) -> None:
    await kept.queue(5)
    async with relay_of(kept), scheduler_of(kept):
        await kept.ticketed(5)
        kept.world.pass_time(3600 / 5)
        await kept.lose()
        async with watchdog_of(kept, lost_seconds=600) as watchdog:
            await periods(watchdog)
    assert await kept.rescues() == 0


@pytest.mark.long
async def test_what_stands_costs_one_look_at_each_connection_and_one_page_a_round(kept: Kept) -> None:
    """Ten thousand targets at three connections, in a round as few as fit on a page."""
    providers: list[UUID] = [OPENAI_ID, await kept.connect("backup"), await kept.connect("third")]
    await kept.queue(1)
    (key,) = kept.world.store.timers
    timer = kept.world.store.timers.pop(key)
    for number in range(10_000):
        subject, provider_id = uuid4(), providers[number % 3]
        copy = replace(timer, timer=replace(timer.timer, subject=subject, provider_id=provider_id))
        kept.world.store.timers[key[0], subject, provider_id] = copy
    async with relay_of(kept), tickets_of(kept, OPENAI_ID) as source:
        (received,) = await take(source)
        kept.served.remove(OPENAI_ID)
        async with watchdog_of(kept, lost_seconds=60) as watchdog:
            kept.world.pass_time(120)
            await periods(watchdog, 10_000 // PAGE_MAX + 2)
            rounds = watchdog.rounds
        await received.ack()
    assert kept.backlogs.looks[OPENAI_ID] == 0
    assert all(0 < kept.backlogs.looks[provider_id] <= rounds + 1 for provider_id in providers[1:])
    assert await kept.rescues() == 0
