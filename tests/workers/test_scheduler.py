"""What is due is seen to: by a ticket, or by a decision; whatever is away meanwhile, and whoever else believes to be scheduler."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from commands.concluding import SWEEPS_AFTER_SECONDS
from commands.verifying import abandon_timer
from domain.errors import Code
from domain.install_run.events import ProviderGivenUp, RunFailed
from domain.install_run.policy import Policy
from domain.provider.events import (
    ProviderActivated,
    ProviderDeactivated,
    ProviderPaused,
    ProviderResumed,
    ProviderVerificationFailed,
)
from domain.provider.state import provider_stream
from domain.timers import TimerName, TimerPhase
from tests.commands.world import World, failed
from tests.kit.jetstream import NatsUnderTest
from tests.kit.relaying import Clock
from tests.kit.waiting import eventually
from tests.workers.scheduling import SECONDS_MAX, Stage
from workers import scheduler, tenure
from workers.scheduler import (
    ABANDON_AGAIN_SECONDS,
    FAILED_SECONDS,
    NATS_AWAY_SECONDS,
    SOON_SECONDS,
    TICKETED_SECONDS,
)
from workers.tenure import LEASE_SECONDS

pytestmark = pytest.mark.anyio

OPENAI = provider_stream("openai")
WAITS_SECONDS = 60
PATIENT = Policy(start_timeout_seconds=WAITS_SECONDS, backoff_seconds=4)
REFUSED = (
    ProviderVerificationFailed(code=Code.PROVIDER_UNAUTHORIZED, message="Incorrect API key."),
    ProviderDeactivated(),
)


@pytest.fixture
async def stage(nats: NatsUnderTest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """Time passes by the world's clock, which a scheduler looks at often."""
    monkeypatch.setattr(scheduler, "POLL_SECONDS", 0.02)
    world = World()
    await world.register()
    for name in ("openai", "backup"):
        await world.connect(name)
    yield Stage(world, nats, Clock())
    async with nats.jetstream() as jetstream:
        for info in await jetstream.streams_info():
            await jetstream.delete_stream(str(info.config.name))


async def test_a_retry_gets_its_ticket_when_it_is_due_and_not_before(stage: Stage) -> None:
    run_id = (await stage.world.queue("openai", policy=PATIENT)).run_id
    await stage.world.fail(run_id, code=Code.PROVIDER_OVERLOADED, retryable=True)
    scheduled = stage.timer(TimerName.TARGET)
    assert scheduled is not None
    async with stage.scheduling():
        stage.world.pass_time(1)
        await stage.set_due(TimerName.VERIFY)
        assert [ticket.kind for ticket in await stage.ticketed(1)] == ["verify"]
        stage.world.pass_time(3)
        looked_after = await stage.reset(scheduled.timer)
        (ticket,) = [ticket for ticket in await stage.ticketed(2) if ticket.kind == "install"]
    assert (ticket.run_id, ticket.provider_id, ticket.event_id) == (run_id, OPENAI, scheduled.event_id)
    assert (looked_after.phase, looked_after.subject) == (TimerPhase.TICKETED, run_id)
    assert looked_after.due_at == stage.world.now + timedelta(seconds=TICKETED_SECONDS)


async def test_a_target_that_waited_too_long_has_failed(stage: Stage) -> None:
    run_id = (await stage.world.queue("openai", policy=PATIENT)).run_id
    stage.world.pass_time(WAITS_SECONDS)
    async with stage.scheduling():
        await stage.cleared(TimerName.TARGET)
    history = await stage.world.store.load(run_id)
    assert isinstance(history[-1].event, RunFailed)
    assert history[-1].event.reason is Code.RUN_START_TIMEOUT
    assert history[-1].actor.id == "scheduler"
    assert (history[-1].correlation_id, history[-1].request_id) == (history[0].correlation_id, history[0].request_id)


async def test_who_is_asked_after_too_early_is_asked_after_again(stage: Stage) -> None:
    """As when the clock that decides is a little behind the one that says what is due."""
    run_id = (await stage.world.queue("openai", policy=PATIENT)).run_id
    early = await stage.set_due(TimerName.TARGET, subject=run_id, provider_id=OPENAI, phase=TimerPhase.WAITING)
    async with stage.scheduling():
        soon = await stage.reset(early)
        assert (soon.phase, soon.due_at) == (early.phase, stage.world.now + timedelta(seconds=SOON_SECONDS))
        stage.world.pass_time(WAITS_SECONDS)
        await stage.cleared(TimerName.TARGET)
    assert isinstance((await stage.world.events(run_id))[-1], RunFailed)


async def test_a_pause_ends_with_its_time(stage: Stage) -> None:
    until = stage.world.now + timedelta(seconds=20)
    await stage.world.happen_to("openai", ProviderPaused(until=until))
    early = await stage.set_due(TimerName.RESUME, subject=OPENAI, provider_id=OPENAI)
    async with stage.scheduling():
        assert (await stage.reset(early)).due_at == until
        stage.world.pass_time(20)
        await stage.cleared(TimerName.RESUME)
    assert (await stage.world.events(OPENAI))[-1] == ProviderResumed()


async def test_what_waits_for_a_refused_connection_fails_with_it_also_what_comes_later(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "ABANDONED_MAX", 2)
    later = stage.world.now + timedelta(days=1)
    broken = await stage.set_due(TimerName.TARGET, provider_id=OPENAI, phase=TimerPhase.WAITING, due_at=later)
    runs = []
    for number in range(5):
        await stage.world.register(name=f"skill-{number}")
        runs.append((await stage.world.queue("openai", skill=f"skill-{number}", policy=PATIENT)).run_id)
    elsewhere = (await stage.world.queue("backup")).run_id
    attempt = await stage.world.start(runs[0])
    assert attempt is not None
    await stage.world.happen_to("openai", *REFUSED)
    await stage.set(abandon_timer(OPENAI, stage.world.now))

    async def abandoned(count: int) -> None:
        async def condition() -> bool:
            return sum(isinstance(event, ProviderGivenUp) for event in await stage.world.events()) == count

        await eventually(condition, SECONDS_MAX)

    async with stage.scheduling():
        await abandoned(4)
        await stage.world.settle(failed(attempt, code=Code.PROVIDER_OVERLOADED, retryable=True), run_id=runs[0])
        stage.world.pass_time(ABANDON_AGAIN_SECONDS)
        await abandoned(5)
        await stage.world.happen_to("openai", ProviderActivated())
        stage.world.pass_time(ABANDON_AGAIN_SECONDS)
        await stage.cleared(TimerName.ABANDON)
    left = {found.timer.subject for found in stage.world.store.timers.values()}
    assert left == {elsewhere, broken.subject}


async def test_a_verification_is_asked_for_once(stage: Stage) -> None:
    await stage.set_due(TimerName.VERIFY)
    async with stage.scheduling():
        await stage.cleared(TimerName.VERIFY)
    assert [ticket.kind for ticket in await stage.ticketed(1)] == ["verify"]


async def test_it_is_swept_several_times_each_time_a_little_later(stage: Stage) -> None:
    begun = stage.world.now
    timer = await stage.set_due(TimerName.SWEEP)
    times = []
    async with stage.scheduling():
        for _ in SWEEPS_AFTER_SECONDS[1:]:
            timer = await stage.reset(timer)
            assert timer.due_at is not None
            times.append((timer.due_at - begun).total_seconds() + SWEEPS_AFTER_SECONDS[0])
            stage.world.now = timer.due_at
        await stage.cleared(TimerName.SWEEP)
    assert tuple(times) == SWEEPS_AFTER_SECONDS[1:]
    tickets = await stage.ticketed(len(SWEEPS_AFTER_SECONDS))
    assert [(ticket.kind, ticket.round) for ticket in tickets] == [
        ("sweep", number) for number in range(len(SWEEPS_AFTER_SECONDS))
    ]


async def test_a_timer_that_cannot_be_seen_to_is_put_back_and_holds_up_no_other(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "DECISIONS_MAX", 2)
    await stage.world.queue("openai", policy=PATIENT)
    broken = [await stage.set_due(TimerName.TARGET) for _ in range(3)]
    stage.world.pass_time(WAITS_SECONDS)
    async with stage.scheduling():

        async def ended() -> bool:
            return any(isinstance(event, RunFailed) for event in await stage.world.events())

        await eventually(ended, SECONDS_MAX)
    left = {found.timer.subject: found.timer for found in stage.world.store.timers.values()}
    assert left.keys() == {timer.subject for timer in broken}
    assert {timer.due_at for timer in left.values()} == {stage.world.now + timedelta(seconds=FAILED_SECONDS)}


async def test_without_nats_the_tickets_wait_and_nothing_else_does(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "DECISIONS_MAX", 2)
    await stage.server.kill()
    retry = await stage.set_due(TimerName.TARGET, phase=TimerPhase.RETRY)
    verifications = [await stage.set_due(TimerName.VERIFY) for _ in range(3)]
    run_id = (await stage.world.queue("openai", policy=PATIENT)).run_id
    stage.world.pass_time(WAITS_SECONDS)
    async with stage.scheduling():

        async def ended() -> bool:
            return isinstance((await stage.world.events(run_id))[-1], RunFailed)

        await eventually(ended, SECONDS_MAX)
        assert stage.timer(TimerName.TARGET) is not None
        await stage.server.start()

        async def ticketed() -> bool:
            stage.world.pass_time(NATS_AWAY_SECONDS)
            return len(await stage.tickets()) == 1 + len(verifications)

        await eventually(ticketed, SECONDS_MAX)
        await stage.reset(retry)
    tickets = await stage.tickets()
    assert {(ticket.kind, ticket.provider_id) for ticket in tickets} == {
        ("install", retry.provider_id),
        *(("verify", verify.provider_id) for verify in verifications),
    }


async def test_without_the_store_it_waits_and_then_goes_on(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenure, "STANDBY_SECONDS", 0.02)
    stage.roles.away = stage.timers.away = True
    retry = await stage.set_due(TimerName.TARGET, phase=TimerPhase.RETRY)
    async with stage.scheduling():
        await stage.asked_for_the_role(2)
        stage.roles.away = False

        async def refused() -> bool:
            return stage.timers.refused > 1

        await eventually(refused, SECONDS_MAX)
        stage.timers.away = False
        assert (await stage.reset(retry)).phase is TimerPhase.TICKETED


async def test_a_ticket_more_does_no_harm_if_its_timer_could_not_be_set(stage: Stage) -> None:
    retry = await stage.set_due(TimerName.TARGET, phase=TimerPhase.RETRY)
    async with stage.scheduling():
        stage.timers.thawed.clear()
        await stage.timers.looked(1)
        stage.timers.away = True
        stage.timers.thawed.set()
        await stage.ticketed(1)
        stage.timers.away = False
        assert (await stage.reset(retry)).phase is TimerPhase.TICKETED
    assert {ticket.run_id for ticket in await stage.ticketed(2)} == {retry.subject}


async def test_one_that_was_frozen_past_its_lease_changes_nothing_more(stage: Stage) -> None:
    retry = await stage.set_due(TimerName.TARGET, phase=TimerPhase.RETRY)
    run_id = (await stage.world.queue("openai", policy=PATIENT)).run_id
    stage.world.pass_time(WAITS_SECONDS)
    stage.timers.thawed.clear()
    async with stage.scheduling("frozen"):
        await stage.timers.looked(2)
        stage.clock.now += LEASE_SECONDS + 1
        assert await stage.roles.acquire(role=scheduler.ROLE, holder="other", seconds=LEASE_SECONDS)
        stage.timers.thawed.set()
        await stage.asked_for_the_role(3)
    found = {found.timer.subject: found.timer for found in stage.world.store.timers.values()}
    assert (found[retry.subject], found[run_id].phase) == (retry, TimerPhase.WAITING)
    assert await stage.tickets() == []


async def test_what_cannot_be_set_anew_does_not_keep_it_busy(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "POLL_SECONDS", LEASE_SECONDS)
    stage.timers.forgetful = True
    await stage.set_due(TimerName.TARGET, phase=TimerPhase.RETRY)
    async with stage.scheduling():
        await stage.timers.looked(2)
    assert len(await stage.tickets()) == 1


async def test_a_backlog_is_seen_to_batch_by_batch(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "TICKETS_MAX", 7)
    for _ in range(30):
        await stage.set_due(TimerName.TARGET, phase=TimerPhase.RETRY)
    async with stage.scheduling():

        async def ticketed() -> bool:
            return {found.timer.phase for found in stage.world.store.timers.values()} == {TimerPhase.TICKETED}

        await eventually(ticketed, SECONDS_MAX)
    assert len(await stage.ticketed(30)) == 30
