"""What stands still goes on again, each fault by itself: a ticket that is lost, an installer that is gone, a time that is over."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from domain.errors import Code
from domain.install_run.policy import Policy
from domain.install_run.state import RunStatus, TargetStatus
from domain.provider.events import ProviderPaused, ProviderResumed
from domain.provider.state import provider_stream
from domain.timers import TimerName, TimerPhase
from tests.commands.world import names
from tests.kit.jetstream import running_nats
from tests.kit.relaying import SECONDS_MAX
from tests.kit.waiting import eventually
from tests.workers.watching import (
    Kept,
    everything_of,
    keeping,
    periods,
    take,
    tickets_of,
)
from workers import watchdog as watchdog_module

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")
LONG_SECONDS = 600.0


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    async with running_nats(tmp_path / "nats") as server, keeping(server) as kept:
        await kept.connect()
        yield kept


async def test_a_ticket_deleted_by_hand_is_issued_again_and_the_run_ends_well(kept: Kept) -> None:
    (run_id,) = await kept.queue(1)
    async with everything_of(kept), tickets_of(kept, OPENAI_ID) as source:
        await kept.ticketed(1)
        await kept.lose(1)
        await kept.rescued(run_id)
        (received,) = await take(source)
        assert received.ticket.run_id == run_id
        await kept.world.carry_out(run_id)
        await received.ack()
    run = await kept.run(run_id)
    assert (run.status, run.targets[0].rescues) == (RunStatus.SUCCESS, 1)
    assert names(await kept.world.events(run_id))[1] == "ProviderRescued"


async def test_all_of_them_purged_while_the_stream_says_that_they_are_complete(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit by bit, and page by page."""
    monkeypatch.setattr(watchdog_module, "SEEN_TO_MAX", 3)
    monkeypatch.setattr(watchdog_module, "PAGE_MAX", 7)
    runs = await kept.queue(20)
    async with everything_of(kept), tickets_of(kept, OPENAI_ID) as source:
        await kept.ticketed(20)
        await kept.lose()
        tickets = await take(source, 20)
        assert sorted(received.ticket.run_id for received in tickets if received.ticket.run_id) == sorted(runs)
    assert await kept.rescues() == 20


async def test_only_those_that_are_lost_are_rescued(kept: Kept) -> None:
    """One is in the hand of an installer for which something does not work, and comes again and again; some wait behind it."""
    runs = await kept.queue(6)
    async with everything_of(kept) as watchdog, tickets_of(kept, OPENAI_ID) as source:
        await kept.ticketed(6)
        (broken,) = await take(source)
        assert broken.ticket.run_id == runs[0]
        await broken.later(LONG_SECONDS)
        await kept.lose(2)
        (taken,) = await take(source)
        assert taken.ticket.run_id == runs[2]
        await kept.world.carry_out(runs[2])
        await taken.ack()
        await kept.lose(4, 5, 6)
        for run_id in (runs[1], *runs[3:]):
            await kept.rescued(run_id)
        await periods(watchdog)
        assert [(await kept.target(run_id)).rescues for run_id in runs] == [0, 1, 0, 1, 1, 1]


async def test_the_ticket_of_a_retry_is_found_lost_as_well(kept: Kept) -> None:
    (run_id,) = await kept.queue(1)
    async with everything_of(kept), tickets_of(kept, OPENAI_ID) as source:
        (first,) = await take(source)
        await kept.world.fail(run_id, code=Code.PROVIDER_OVERLOADED, retryable=True)
        await first.ack()
        kept.world.pass_time(2)
        await kept.ticketed(1)
        await kept.lose()
        await kept.rescued(run_id)
        (second,) = await take(source)
        await kept.world.carry_out(run_id)
        await second.ack()
    assert names(await kept.world.events(run_id)) == [
        "RunQueued",
        "RunStarted",
        "ProviderStarted",
        "ProviderFailed",
        "ProviderRetryScheduled",
        "ProviderRescued",
        "ProviderStarted",
        "ProviderSucceeded",
        "RunSucceeded",
    ]


async def test_what_an_installer_left_behind_that_was_killed_is_tried_again_with_a_look_first(kept: Kept) -> None:
    (run_id,) = await kept.queue(1)
    async with everything_of(kept) as watchdog, tickets_of(kept, OPENAI_ID) as source:
        (ticket,) = await take(source)
        killed = await kept.world.start(run_id)
        assert killed is not None
        await ticket.ack()
        await periods(watchdog)
        assert (await kept.target(run_id)).rescues == 0
        kept.world.pass_time(LONG_SECONDS)
        await kept.rescued(run_id)
        kept.world.pass_time(2)
        (again,) = await take(source)
        assert again.ticket.run_id == run_id
        second = await kept.world.start(run_id)
        assert second is not None
        assert [doubt.version for doubt in second.doubts] == [1]
        assert second.attempt_id != killed.attempt_id


async def test_one_that_is_rescued_and_lost_again_is_rescued_again(kept: Kept) -> None:
    (run_id,) = await kept.queue(1)
    async with everything_of(kept):
        for times in (1, 2, 3):
            await kept.ticketed(1)
            await kept.lose()
            await kept.rescued(run_id, times=times)
        await kept.ticketed(1)


async def test_a_target_whose_ticket_comes_too_late_for_it_is_ended_in_time(kept: Kept) -> None:
    await kept.world.register()
    run_id = (await kept.world.queue("openai", policy=Policy(run_timeout_seconds=300))).run_id
    async with everything_of(kept) as watchdog, tickets_of(kept, OPENAI_ID) as source:
        (first,) = await take(source)
        await kept.world.fail(run_id, code=Code.PROVIDER_OVERLOADED, retryable=True)
        await first.ack()
        kept.world.pass_time(31)
        await kept.ticketed(1)
        kept.world.pass_time(31)

        async def has_until_the_end_of_the_run() -> bool:
            timer = kept.world.store.timers[TimerName.TARGET, run_id, OPENAI_ID].timer
            end_by = (await kept.run(run_id)).end_by
            assert timer.due_at is not None
            assert end_by is not None
            return timer.phase is TimerPhase.TICKETED and abs((timer.due_at - end_by).total_seconds()) < 1

        await eventually(has_until_the_end_of_the_run, SECONDS_MAX)
        await periods(watchdog)
        assert (await kept.target(run_id)).status is TargetStatus.QUEUED
        kept.world.pass_time(300)

        async def ended() -> bool:
            return (await kept.run(run_id)).status.ended

        await eventually(ended, SECONDS_MAX)
    target = await kept.target(run_id)
    assert (target.code, target.rescues) == (Code.RUN_TIMEOUT, 0)


async def test_one_that_cannot_be_seen_to_is_not_in_the_way_of_others(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one whose run cannot be read at all."""
    monkeypatch.setattr(watchdog_module, "AT_ONCE_MAX", 1)
    runs = await kept.queue(3)
    left = kept.world.store.timers[TimerName.TARGET, min(runs), OPENAI_ID]
    unreadable = replace(left, timer=replace(left.timer, subject=OPENAI_ID))
    kept.world.store.timers[TimerName.TARGET, OPENAI_ID, OPENAI_ID] = unreadable
    with capture_logs() as logs:
        async with everything_of(kept) as watchdog:
            await kept.ticketed(3)
            await kept.lose()
            for run_id in runs:
                await kept.rescued(run_id)
            await periods(watchdog, 3)
    # Once, and again when it has been left alone for a while.
    assert [entry["run_id"] for entry in logs if entry["event"] == "watchdog_failed"] == [str(OPENAI_ID)]
    assert kept.world.store.timers[TimerName.TARGET, OPENAI_ID, OPENAI_ID].timer.round == 1


async def test_nobody_is_rescued_for_a_connection_on_hold_until_it_is_not(kept: Kept) -> None:
    (run_id,) = await kept.queue(1)
    async with everything_of(kept) as watchdog:
        await kept.ticketed(1)
        kept.served.clear()
        await kept.lose()
        await periods(watchdog)
        # Not yet known to those who serve it.
        await kept.world.happen_to("openai", ProviderPaused(requested=True))
        kept.served.add(OPENAI_ID)
        await periods(watchdog)
        assert await kept.rescues() == 0
        assert kept.world.store.timers[TimerName.TARGET, run_id, OPENAI_ID].timer.round >= 1
        await kept.world.happen_to("openai", ProviderResumed(requested=True))
        kept.world.pass_time(LONG_SECONDS)
        await kept.rescued(run_id)


async def test_page_by_page_it_comes_to_every_one(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also behind those about which there is nothing to be done."""
    monkeypatch.setattr(watchdog_module, "PAGE_MAX", 2)
    runs = sorted(await kept.queue(7))
    async with everything_of(kept), tickets_of(kept, OPENAI_ID) as source:
        tickets = await take(source, 7)
        for received in tickets:
            if received.ticket.run_id == runs[-1]:
                await received.ack()
        await kept.rescued(runs[-1])
    assert await kept.rescues() == 1


async def test_the_timer_of_what_has_ended_or_never_was_is_cleared(kept: Kept) -> None:
    (run_id,) = await kept.queue(1)
    key = (TimerName.TARGET, run_id, OPENAI_ID)
    left = kept.world.store.timers[key]
    await kept.world.carry_out(run_id)
    strange = replace(left, timer=replace(left.timer, subject=uuid4()))
    kept.world.store.timers[key] = left
    kept.world.store.timers[TimerName.TARGET, strange.timer.subject, OPENAI_ID] = strange
    async with everything_of(kept):
        await kept.ticketed(1)
        await kept.lose()

        async def cleared() -> bool:
            return not kept.world.store.timers

        await eventually(cleared, SECONDS_MAX)
    assert await kept.rescues() == 0


async def test_without_nats_leases_expire_all_the_same_and_nothing_is_taken_for_lost(kept: Kept) -> None:
    running, waiting = await kept.queue(2)
    async with everything_of(kept) as watchdog:
        await kept.ticketed(2)
        assert await kept.world.start(running)
        await kept.server.kill()
        kept.world.pass_time(LONG_SECONDS)
        await kept.rescued(running)
        await periods(watchdog)
        assert (await kept.target(waiting)).rescues == 0
