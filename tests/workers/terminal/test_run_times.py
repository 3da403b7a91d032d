"""Where a run's time went, from its events alone."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec
import pytest

from domain.errors import Code
from domain.events import Event as DomainEvent
from domain.install_run.events import (
    ProviderGivenUp,
    ProviderLeaseExpired,
    ProviderRolledBack,
    RollbackRequested,
    RunFailed,
    RunRetried,
    RunStarted,
    RunSucceeded,
    Undo,
)
from tests.workers.terminal.answered import NOON, in_a_pipe, on_a_terminal
from tests.workers.terminal.run_story import (
    ATTEMPT,
    CLAUDE,
    OPENAI,
    RUN,
    awaited,
    failed,
    queued,
    reserved,
    retrying,
    said,
    started,
    story,
    succeeded,
)
from workers.terminal.answers import Event
from workers.terminal.run_pauses import pauses_of
from workers.terminal.run_places import Places
from workers.terminal.run_times import Pause, RunTimes, Stay, times_of
from workers.terminal.run_times_view import Bars, times_grid, times_sentence

LATER = NOON + timedelta(hours=1)
Told = tuple[float, DomainEvent]


def after(milliseconds: float) -> timedelta:
    return timedelta(milliseconds=milliseconds)


def times(*told: Told, pauses: Mapping[str, Sequence[Pause]] | None = None) -> RunTimes:
    events = story(*told)
    found = times_of(events, places=Places(events), pauses=pauses or {}, now=LATER)
    assert found is not None
    return found


def spent(found: RunTimes, target: int = 0) -> dict[Stay, float]:
    """In milliseconds, in order."""
    stretches = found.targets[target].stretches
    return {
        stay: sum(one.length / after(1) for one in stretches if one.stay is stay)
        for stay in Stay
        if stay in {one.stay for one in stretches}
    }


def test_a_run_without_trouble() -> None:
    found = times(
        (0, queued()), (0, reserved()), (16, RunStarted()), (16, started(issued=10)), (80, succeeded()), (80, RunSucceeded(succeeded=1))
    )  # fmt: skip
    assert spent(found) == {Stay.TICKET: 10, Stay.NATS: 6, Stay.RUNNING: 64}
    assert (found.started_at, found.ended_at) == (NOON + after(16), NOON + after(80))
    assert (found.targets[0].attempts, found.targets[0].deliveries) == (1, 1)
    assert times_sentence(found) == "The run was queued for 16 ms, running for 64 ms: 80 ms in all."


def test_what_is_left_of_a_wait_when_its_time_has_come_is_that_for_a_ticket() -> None:
    found = times(
        (0, queued()),
        (0, reserved()),
        (10, started(issued=5)),
        (20, failed()),
        (20, retrying(due=1_020)),
        (1_100, started(attempt=2, issued=1_070, deliveries=4)),
        (1_200, succeeded()),
        (1_200, RunSucceeded(succeeded=1)),
    )
    assert spent(found) == {Stay.BACKOFF: 1_000, Stay.TICKET: 55, Stay.NATS: 35, Stay.RUNNING: 110}
    assert (found.targets[0].attempts, found.targets[0].deliveries) == (2, 5)
    assert found.targets[0].total == after(1_200)


def test_of_an_attempt_without_its_ticket_nobody_knows_how_long_that_was_in_nats() -> None:
    found = times((0, queued()), (0, reserved()), (30, started()), (40, succeeded()), (40, RunSucceeded(succeeded=1)))
    assert spent(found) == {Stay.TICKET: 30, Stay.RUNNING: 10}
    assert found.targets[0].deliveries is None


@pytest.mark.parametrize(("issued", "in_nats"), [(-50, 30), (90, 0)], ids=["before", "behind"])
def test_a_clock_of_nats_that_is_off_makes_no_time(issued: float, in_nats: float) -> None:
    found = times((0, queued()), (0, reserved()), (30, started(issued=issued)), (40, succeeded()))
    assert found.targets[0].spent(Stay.NATS) == after(in_nats)
    assert found.targets[0].total == after(40)


def test_the_slot_is_waited_for() -> None:
    found = times((0, queued()), (0, awaited()), (500, reserved()), (510, started(issued=505)), (600, succeeded()))
    assert spent(found) == {Stay.SLOT: 500, Stay.TICKET: 5, Stay.NATS: 5, Stay.RUNNING: 90}


def test_a_pause_counts_where_it_was_in_the_way() -> None:
    """Not while a call was under way, nor while the target was not due anyway."""
    pauses = [Pause(NOON + after(since), NOON + after(until)) for since, until in ((-90, 10), (40, 60), (150, 300))]
    found = times(
        (0, queued()),
        (0, reserved()),
        (50, started(issued=30)),
        (100, failed()),
        (100, retrying(due=200)),
        (340, started(attempt=2, issued=310)),
        (400, succeeded()),
        pauses={"openai": pauses, "claude": pauses},
    )
    assert spent(found) == {Stay.PAUSED: 120, Stay.BACKOFF: 100, Stay.TICKET: 30, Stay.NATS: 40, Stay.RUNNING: 110}
    assert found.targets[0].total == after(400)


def test_a_pause_that_lasts_goes_on_until_now() -> None:
    found = times((0, queued()), (0, reserved()), pauses={"openai": [Pause(NOON + after(1_000), None)]})
    assert spent(found) == {Stay.PAUSED: 3_599_000, Stay.TICKET: 1_000}
    assert times_sentence(found) == "The run was queued for 1h 0m so far."


@pytest.mark.parametrize(
    "ending",
    [
        succeeded(),
        failed(final=True),
        ProviderGivenUp(provider_id=OPENAI, code=Code.RUN_CANCELLED, message=""),
        ProviderLeaseExpired(provider_id=OPENAI, attempt_id=ATTEMPT, lease_until=NOON, final=True),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_has_ended_waits_for_nothing_while_others_go_on(ending: DomainEvent) -> None:
    found = times(
        (0, queued("openai", "claude")),
        (0, reserved()),
        (0, reserved(CLAUDE)),
        (10, started()),
        (10, started(CLAUDE)),
        (50, ending),
        (90, failed(CLAUDE, final=True)),
        (90, RunFailed(failures={Code.PROVIDER_TIMEOUT: 2})),
    )
    assert [target.total for target in found.targets] == [after(50), after(90)]


def test_what_is_undone_by_the_run_itself_waits_and_runs_again() -> None:
    undoing = RollbackRequested(undoes=(Undo(provider_id=OPENAI),))
    undone = ProviderRolledBack(provider_id=OPENAI, attempt_id=ATTEMPT)
    found = times(
        (0, queued()), (0, reserved()), (10, started()), (20, succeeded()), (50, undoing), (60, started(attempt=2)), (80, undone)
    )  # fmt: skip
    assert spent(found) == {Stay.TICKET: 20, Stay.RUNNING: 30}


def test_what_another_run_did_with_it_afterwards_is_not_its_time() -> None:
    found = times(
        (0, queued()),
        (0, reserved()),
        (10, started()),
        (20, succeeded()),
        (20, RunSucceeded(succeeded=1)),
        (500, RunRetried(run_id=RUN)),
        (900, RollbackRequested(run_id=RUN, undoes=(Undo(provider_id=OPENAI),))),
        (990, ProviderRolledBack(provider_id=OPENAI, run_id=RUN)),
    )
    assert found.targets[0].total == after(20)
    assert found.until == NOON + after(20)


def test_what_a_newer_server_tells_in_other_words_counts_for_what_was_before() -> None:
    events = story((0, queued()), (0, reserved()), (10, started()), (20, failed()), (90, succeeded()))
    for event, data in ((events[3], {"providerId": str(OPENAI)}), (events[3], {"undoes": "all"})):
        strange = [msgspec.structs.replace(one, data=data) if one is event else one for one in events]
        found = times_of(strange, places=Places(strange), pauses={}, now=LATER)
        assert found is not None
        assert found.targets[0].spent(Stay.RUNNING) == after(80)


def test_without_its_beginning_nothing_is_said() -> None:
    events = story((0, started()))
    assert times_of(events, places=Places(events), pauses={}, now=LATER) is None
    assert times_of([], places=Places([]), pauses={}, now=LATER) is None


def pause(event: str, milliseconds: float, *, at: str = "openai") -> Event:
    ids = {"openai": OPENAI, "claude": CLAUDE}
    return msgspec.structs.replace(said(RunStarted(), milliseconds), event=event, stream=str(ids[at]))


def test_pauses_are_from_the_first_that_was_asked_for_until_they_end() -> None:
    places = Places([said(queued("openai", "claude"))])
    events = [
        pause("ProviderResumed", 5),
        pause("ProviderPaused", 10),
        pause("ProviderPaused", 15, at="claude"),
        pause("ProviderPaused", 20),
        pause("ProviderResumed", 30),
        pause("ProviderResumed", 40),
        pause("ProviderPaused", 50),
    ]
    assert pauses_of(events, places) == {
        "openai": [Pause(NOON + after(10), NOON + after(30)), Pause(NOON + after(50), None)],
        "claude": [Pause(NOON + after(15), None)],
    }


def test_the_table_has_a_column_for_what_took_time() -> None:
    found = times(
        (0, queued("openai", "claude")),
        (0, reserved()),
        (0, reserved(CLAUDE)),
        (10, started(issued=5, deliveries=3)),
        (0, started(CLAUDE)),
        (50, succeeded()),
        (90, failed(CLAUDE)),
        (90, retrying(CLAUDE, due=4_090)),
        (4_090, started(CLAUDE, attempt=2)),
        (4_200, succeeded(CLAUDE)),
        (4_200, RunSucceeded(succeeded=2)),
    )
    header, openai, claude = in_a_pipe(times_grid(found)).splitlines()
    assert header.split("  ")[0] == "TARGET"
    assert header.split() == ["TARGET", "BACKOFF", "TICKET", "NATS", "RUNNING", "IN", "ALL", "ATTEMPTS"]
    assert openai.split() == ["openai", "5", "ms", "5", "ms", "40", "ms", "50", "ms", "1,", "delivered", "3", "times"]
    assert claude.split() == ["claude", "4.0", "s", "200", "ms", "4.2", "s", "2"]


def test_the_bars_are_on_one_scale_and_show_what_was_short() -> None:
    found = times(
        (0, queued("openai", "claude")),
        (0, reserved()),
        (0, reserved(CLAUDE)),
        (1, started(issued=0)),
        (2, failed()),
        (2, retrying(due=3_000)),
        (3_000, started(attempt=2)),
        (3_010, started(CLAUDE, issued=10)),
        (6_000, succeeded()),
        (6_000, succeeded(CLAUDE)),
        (6_000, RunSucceeded(succeeded=2)),
    )
    openai, claude, legend = on_a_terminal(Bars(found), width=80).splitlines()
    assert openai == "openai  █" + "░" * 29 + "█" * 30
    assert claude == "claude  " + "~" * 30 + "█" * 30
    assert legend.split() == ["░", "backoff", "-", "ticket", "~", "nats", "█", "running"]


def test_there_are_no_bars_where_there_is_no_room() -> None:
    found = times((0, queued()), (0, reserved()), (10, started()), (20, succeeded()), (20, RunSucceeded(succeeded=1)))
    assert on_a_terminal(Bars(found), width=25) == ""
