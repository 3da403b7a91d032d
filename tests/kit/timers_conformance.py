"""What every implementation of timers must do. A subclass gives the fixtures `store`, `timers` and `roles`, all of one store."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from domain.ports import Append, AppendConflict, EventStore, Lease, Roles, Timers
from domain.timers import SetTimer, Timer, TimerName, TimerPhase
from tests.kit.facts import append

ALL = frozenset(TimerPhase)
DUE = frozenset({TimerPhase.DUE})
WAITING_PHASES = (TimerPhase.WAITING, TimerPhase.RETRY, TimerPhase.TICKETED)
LONG_SECONDS = 60.0
PAGES_MAX = 10


def target(run_id: UUID, provider_id: UUID, *, phase: TimerPhase, seconds: float) -> Timer:
    """The timer of a target, due in so many seconds, or so many ago."""
    due_at = datetime.now(UTC) + timedelta(seconds=seconds)
    return Timer(name=TimerName.TARGET, subject=run_id, provider_id=provider_id, phase=phase, due_at=due_at)


def timer(*, seconds: float = -1, name: TimerName = TimerName.VERIFY) -> Timer:
    connection = uuid4()
    due_at = datetime.now(UTC) + timedelta(seconds=seconds)
    return Timer(name=name, subject=connection, provider_id=connection, due_at=due_at)


def setting(*timers: Timer) -> Append:
    return replace(append(uuid4()), timers=timers)


async def the_only(timers: Timers) -> SetTimer:
    (found,) = await timers.due(phases=ALL, limit=10)
    return found


async def lease_of(roles: Roles, role: str = "scheduler") -> Lease:
    lease = await roles.acquire(role=role, holder=str(uuid4()), seconds=LONG_SECONDS)
    assert lease is not None
    return lease


class TimersConformance:
    pytestmark = pytest.mark.anyio

    async def test_without_any_none_is_due_and_none_comes(self, timers: Timers) -> None:
        assert await timers.due(phases=ALL, limit=10) == ()
        assert await timers.next_due_in(phases=ALL) is None
        assert await timers.standing(phases=ALL, seconds=0, after=None, limit=10) == ()
        assert await timers.waiting_at(uuid4(), limit=10) == ()

    async def test_a_timer_knows_what_set_it(self, store: EventStore, timers: Timers) -> None:
        before, wanted = datetime.now(UTC), timer()
        asked = replace(append(uuid4(), uuid4()), timers=(wanted,))
        _, last = await store.append(asked)
        found = await the_only(timers)
        assert found == SetTimer(
            timer=wanted,
            set_at=found.set_at,
            event_id=last.id,
            position=last.position,
            request_id=asked.context.request_id,
            correlation_id=asked.context.correlation_id,
        )
        assert before <= found.set_at <= datetime.now(UTC)

    async def test_those_whose_time_has_come_are_due_and_the_longest_overdue_first(
        self, store: EventStore, timers: Timers
    ) -> None:
        early, late, latest, future = timer(seconds=-30), timer(seconds=-20), timer(seconds=-10), timer(seconds=30)
        await store.append(setting(latest, early))
        await store.append(setting(future, late))
        assert [found.timer for found in await timers.due(phases=ALL, limit=10)] == [early, late, latest]
        assert [found.timer for found in await timers.due(phases=ALL, limit=2)] == [early, late]

    @pytest.mark.parametrize("phase", TimerPhase)
    async def test_each_asks_for_the_phases_that_are_its_own(
        self, store: EventStore, timers: Timers, phase: TimerPhase
    ) -> None:
        run_id = uuid4()
        await store.append(
            setting(*(target(run_id, uuid4(), phase=each, seconds=-number) for number, each in enumerate(TimerPhase)))
        )
        only = frozenset({phase})
        assert [found.timer.phase for found in await timers.due(phases=only, limit=10)] == [phase]
        assert [found.timer.phase for found in await timers.due(phases=ALL - only, limit=10)] == [
            each for each in reversed(TimerPhase) if each is not phase
        ]

    async def test_the_time_until_the_next_one(self, store: EventStore, timers: Timers) -> None:
        far, near = timer(seconds=900), timer(seconds=100)
        await store.append(setting(far, near, target(uuid4(), uuid4(), phase=TimerPhase.RETRY, seconds=5)))
        seconds = await timers.next_due_in(phases=frozenset({TimerPhase.DUE, TimerPhase.WAITING}))
        assert seconds is not None
        assert 90 < seconds <= 100
        await store.append(setting(timer(seconds=-5)))
        assert await timers.next_due_in(phases=DUE) == 0
        assert await timers.next_due_in(phases=frozenset({TimerPhase.RUNNING})) is None

    async def test_a_timer_is_set_in_place_of_what_it_was_set_to(self, store: EventStore, timers: Timers) -> None:
        run_id, provider_id = uuid4(), uuid4()
        await store.append(setting(target(run_id, provider_id, phase=TimerPhase.WAITING, seconds=-1)))
        before = await the_only(timers)
        anew = replace(target(run_id, provider_id, phase=TimerPhase.RETRY, seconds=-2), round=3)
        (event,) = await store.append(setting(anew))
        after = await the_only(timers)
        assert (after.timer, after.event_id) == (anew, event.id)
        assert after.set_at > before.set_at

    async def test_timers_differ_by_name_subject_and_provider(self, store: EventStore, timers: Timers) -> None:
        one = timer()
        others = (
            replace(one, name=TimerName.ABANDON),
            replace(one, subject=uuid4()),
            replace(one, provider_id=uuid4()),
        )
        await store.append(setting(one, *others))
        await store.append(setting(replace(one, due_at=None)))
        found = await timers.due(phases=ALL, limit=10)
        assert {(each.timer.name, each.timer.subject, each.timer.provider_id) for each in found} == {
            (each.name, each.subject, each.provider_id) for each in others
        }

    async def test_a_timer_without_a_time_is_cleared(self, store: EventStore, timers: Timers) -> None:
        wanted = timer()
        await store.append(setting(wanted))
        await store.append(setting(replace(wanted, due_at=None), replace(timer(), due_at=None)))
        assert await timers.due(phases=ALL, limit=10) == ()

    @pytest.mark.parametrize("cleared_last", [True, False], ids=["cleared_last", "set_last"])
    async def test_of_several_for_one_timer_the_last_counts(
        self, store: EventStore, timers: Timers, *, cleared_last: bool
    ) -> None:
        first = timer(seconds=-9)
        second, cleared = replace(first, round=2), replace(first, due_at=None)
        await store.append(setting(first, *((second, cleared) if cleared_last else (cleared, second))))
        found = await timers.due(phases=ALL, limit=10)
        assert [each.timer for each in found] == ([] if cleared_last else [second])

    async def test_a_conflict_sets_and_clears_none(self, store: EventStore, timers: Timers) -> None:
        stream, kept = uuid4(), timer()
        await store.append(replace(append(stream), timers=(kept,)))
        with pytest.raises(AppendConflict):
            await store.append(replace(append(stream), timers=(timer(), replace(kept, due_at=None))))
        assert (await the_only(timers)).timer == kept

    async def test_targets_that_stand_still_are_read_page_by_page(self, store: EventStore, timers: Timers) -> None:
        targets = [target(uuid4(), uuid4(), phase=TimerPhase.WAITING, seconds=900) for _ in range(5)]
        other_phase = target(uuid4(), uuid4(), phase=TimerPhase.RUNNING, seconds=900)
        await store.append(setting(*targets, other_phase, timer(seconds=900)))
        phases = frozenset({TimerPhase.WAITING, TimerPhase.DUE})
        assert await timers.standing(phases=phases, seconds=LONG_SECONDS, after=None, limit=10) == ()
        found: list[SetTimer] = []
        for _ in range(PAGES_MAX):
            after = found[-1] if found else None
            page = await timers.standing(phases=phases, seconds=0, after=after, limit=2)
            if not page:
                break
            assert len(page) <= 2
            found.extend(page)
        assert sorted(str(each.timer.subject) for each in found) == sorted(str(each.subject) for each in targets)

    async def test_who_waits_for_a_connection_the_oldest_first(self, store: EventStore, timers: Timers) -> None:
        connection = uuid4()
        waiting = [target(uuid4(), connection, phase=phase, seconds=-1) for phase in WAITING_PHASES]
        elsewhere = target(uuid4(), uuid4(), phase=TimerPhase.WAITING, seconds=-1)
        running = target(uuid4(), connection, phase=TimerPhase.RUNNING, seconds=-1)
        of_itself = replace(timer(), subject=connection, provider_id=connection)
        for each in (*waiting, elsewhere, running, of_itself):
            await store.append(setting(each))
        assert [each.timer for each in await timers.waiting_at(connection, limit=10)] == waiting
        assert [each.timer for each in await timers.waiting_at(connection, limit=2)] == waiting[:2]

    async def test_one_that_is_reset_is_due_later_and_keeps_what_set_it(
        self, store: EventStore, timers: Timers, roles: Roles
    ) -> None:
        wanted = target(uuid4(), uuid4(), phase=TimerPhase.RETRY, seconds=-1)
        await store.append(setting(wanted))
        lease, read = await lease_of(roles), await the_only(timers)
        assert await timers.reset(read, lease=lease, phase=TimerPhase.TICKETED, seconds=LONG_SECONDS, round=4)
        assert await timers.due(phases=ALL, limit=10) == ()
        seconds = await timers.next_due_in(phases=frozenset({TimerPhase.TICKETED}))
        assert seconds is not None
        assert LONG_SECONDS - 10 < seconds <= LONG_SECONDS
        (found,) = await timers.waiting_at(wanted.provider_id, limit=10)
        assert (found.timer.phase, found.timer.round) == (TimerPhase.TICKETED, 4)
        assert (found.event_id, found.position, found.correlation_id) == (
            read.event_id,
            read.position,
            read.correlation_id,
        )
        assert found.set_at > read.set_at

    async def test_what_was_read_before_a_change_resets_and_clears_nothing(
        self, store: EventStore, timers: Timers, roles: Roles
    ) -> None:
        lease, wanted = await lease_of(roles), timer()
        await store.append(setting(wanted))
        read = await the_only(timers)
        assert await timers.reset(read, lease=lease, phase=TimerPhase.DUE, seconds=-5)
        by_scheduler = await the_only(timers)
        assert not await timers.reset(read, lease=lease, phase=TimerPhase.DUE, seconds=LONG_SECONDS)
        assert not await timers.clear(read, lease=lease)
        await store.append(setting(replace(wanted, due_at=by_scheduler.timer.due_at)))
        assert not await timers.clear(by_scheduler, lease=lease)
        assert not await timers.reset(by_scheduler, lease=lease, phase=TimerPhase.DUE, seconds=LONG_SECONDS)
        by_command = await the_only(timers)
        assert await timers.clear(by_command, lease=lease)
        assert not await timers.clear(by_command, lease=lease)
        assert not await timers.reset(by_command, lease=lease, phase=TimerPhase.DUE, seconds=0)
        assert await timers.due(phases=ALL, limit=10) == ()

    async def test_who_has_lost_the_role_writes_nothing(self, store: EventStore, timers: Timers, roles: Roles) -> None:
        await store.append(setting(timer()))
        read, former = await the_only(timers), await lease_of(roles)
        await roles.release(former)
        current, other_role = await lease_of(roles), await lease_of(roles, "watchdog")
        assert current.epoch > former.epoch
        strange = (
            former,
            replace(current, role="watchdog"),
            replace(current, holder="b"),
            replace(other_role, epoch=current.epoch),
        )
        for lease in strange:
            assert not await timers.reset(read, lease=lease, phase=TimerPhase.DUE, seconds=LONG_SECONDS)
            assert not await timers.clear(read, lease=lease)
        assert await the_only(timers) == read
        assert await timers.clear(read, lease=current)
