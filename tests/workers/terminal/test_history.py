from datetime import timedelta

import msgspec
import pytest

from domain.errors import Code
from domain.events import Event as DomainEvent
from domain.install_run.events import (
    ProviderGivenUp,
    ProviderLeaseExpired,
    ProviderRefused,
    ProviderRescued,
    ProviderRetryScheduled,
    ProviderRollbackFailed,
    ProviderRolledBack,
    ProviderStarted,
    ProviderSucceeded,
    RollbackRequested,
    RunCancelRequested,
    RunFailed,
    RunPartiallyFailed,
    RunRetried,
    RunStarted,
    RunSucceeded,
    Undo,
)
from domain.installation.events import (
    InstallationAwaited,
    InstallationChanged,
    InstallationDoubted,
    InstallationReceiptLate,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
    InstallationSwept,
)
from tests.workers.terminal.answered import NOON, in_a_pipe, on_a_terminal
from tests.workers.terminal.run_story import (
    ATTEMPT,
    OPENAI,
    RECEIPT,
    RUN,
    SKILL,
    failed,
    queued,
    reserved,
    retrying,
    said,
    started,
    story,
    succeeded,
)
from workers.terminal.answers import Event, understood
from workers.terminal.event_wording import describe
from workers.terminal.history import history_grid
from workers.terminal.run_places import Places

PROVIDER = OPENAI
QUEUED = queued()
FAILED = failed(final=True, ambiguous=True)
PLACES = Places([said(QUEUED)])


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (QUEUED, "a-skill v3 for openai"),
        (msgspec.structs.replace(QUEUED, kind="uninstall"), "uninstall a-skill v3 for openai"),
        (
            ProviderRefused(provider_id=PROVIDER, code=Code.PROVIDER_TOO_LARGE, message="Too large."),
            "openai: too_large:provider, so it was not asked",
        ),
        (RunStarted(), ""),
        (
            ProviderStarted(provider_id=PROVIDER, attempt_id=ATTEMPT, attempt=2, since=NOON, lease_until=NOON),
            "openai: attempt 2",
        ),
        (started(issued=-4_000), "openai: attempt 1, ticket 7 after 4.0 s in NATS"),
        (started(issued=-4_000, deliveries=3), "openai: attempt 1, ticket 7 after 4.0 s in NATS, delivery 3"),
        (failed(retry_after_seconds=7.5), "openai: timeout:provider, asked to wait 7.5 s"),
        (
            ProviderSucceeded(provider_id=PROVIDER, attempt_id=ATTEMPT, receipt=RECEIPT),
            "openai: skill_1 version 2",
        ),
        (
            ProviderSucceeded(provider_id=PROVIDER, attempt_id=ATTEMPT, receipt=RECEIPT, adopted=True),
            "openai: skill_1 version 2, found there already",
        ),
        (
            ProviderSucceeded(provider_id=PROVIDER, attempt_id=ATTEMPT),
            "openai: nothing was there to remove",
        ),
        (FAILED, "openai: timeout:provider, may have been applied"),
        (msgspec.structs.replace(FAILED, ambiguous=False), "openai: timeout:provider"),
        (RunSucceeded(succeeded=1), "1 target done"),
        (RunFailed(failures={Code.PROVIDER_TIMEOUT: 2}), "2 x timeout:provider"),
        (
            RunPartiallyFailed(succeeded=2, failures={Code.PROVIDER_TIMEOUT: 1}),
            "2 targets done, 1 x timeout:provider",
        ),
        (
            InstallationReserved(run_id=RUN, skill_id=SKILL, provider_id=PROVIDER, version=3),
            "openai: for version 3",
        ),
        (
            InstallationReserved(run_id=RUN, skill_id=SKILL, provider_id=PROVIDER, version=3, removes=True),
            "openai: to remove version 3",
        ),
        (InstallationAwaited(run_id=RUN, version=3), "openai: for version 3"),
        (InstallationAwaited(run_id=RUN, version=3, removes=True), "openai: to remove version 3"),
        (InstallationRemoved(run_id=RUN, skill_id=SKILL, provider_id=PROVIDER), "openai"),
        (
            InstallationChanged(
                run_id=RUN, skill_id=SKILL, provider_id=PROVIDER, version=3, digest="sha256:00", receipt=RECEIPT
            ),
            "openai: skill_1 version 2",
        ),
        (InstallationReleased(run_id=RUN), "openai"),
        (
            ProviderRetryScheduled(provider_id=PROVIDER, attempt=2, due_at=NOON + timedelta(seconds=12)),
            "openai: attempt 2 in 12.0 s",
        ),
        (
            ProviderLeaseExpired(provider_id=PROVIDER, attempt_id=ATTEMPT, lease_until=NOON),
            "openai: nothing was heard of the attempt in time",
        ),
        (
            ProviderRescued(provider_id=PROVIDER, attempts=0, fault="ticket_lost"),
            "openai: ticket lost, a ticket is issued again",
        ),
        (
            ProviderGivenUp(provider_id=PROVIDER, code=Code.RUN_CANCELLED, message="Cancelled."),
            "openai: cancelled:run",
        ),
        (RunCancelRequested(), ""),
        (RunRetried(run_id=RUN), f"by run {RUN}"),
        (RollbackRequested(run_id=RUN, undoes=(Undo(provider_id=PROVIDER),)), f"by run {RUN}"),
        (RollbackRequested(undoes=(Undo(provider_id=PROVIDER),)), "openai: by itself"),
        (ProviderRolledBack(provider_id=PROVIDER, version=2), "openai: version 2 is there again"),
        (ProviderRolledBack(provider_id=PROVIDER), "openai: nothing is there any more"),
        (
            ProviderRollbackFailed(provider_id=PROVIDER, code=Code.PROVIDER_OFFLINE, message="No."),
            "openai: offline:provider",
        ),
        (
            InstallationReceiptLate(
                run_id=RUN,
                skill_id=SKILL,
                provider_id=PROVIDER,
                attempt_id=ATTEMPT,
                version=3,
                receipt=RECEIPT,
                since=NOON,
            ),
            "openai: skill_1 version 2 came too late",
        ),
        (
            InstallationDoubted(run_id=RUN, version=3, since=NOON, restores=1),
            "openai: the store was restored; what it may have forgotten is looked up",
        ),
        (InstallationSwept(run_id=RUN, discarded=(RECEIPT,)), "openai: 1 extra removed"),
        (InstallationSwept(run_id=RUN, settled=True), "openai: nothing was left over"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_event_in_a_few_words(event: DomainEvent, words: str) -> None:
    told = said(event)
    assert describe(told, at=PLACES.at(told)) == words


def test_an_event_of_a_newer_server_stands_with_its_name() -> None:
    unknown = understood(
        {"position": 1, "event": "RunHeldBack", "at": NOON, "actor": {"kind": "x", "id": "y", "name": "z"}}, Event
    )
    assert describe(unknown, at="") == ""
    assert "RunHeldBack" in in_a_pipe(history_grid([unknown], Places([unknown]), elsewhere={}))


@pytest.mark.parametrize(
    "data",
    [{"codes": ["a", "b"]}, {"attempt": 1, "ticket": "seven"}, {"attempt": 1, "ticket": {"id": 7}}],
    ids=["other members", "a ticket of another kind", "a ticket in another shape"],
)
@pytest.mark.parametrize("event", [FAILED, started()], ids=lambda event: type(event).__name__)
def test_an_event_that_a_newer_server_tells_in_another_shape_stands_with_its_name(
    event: DomainEvent, data: dict[str, object]
) -> None:
    strange = msgspec.structs.replace(said(event), data=data)
    assert describe(strange, at="openai") == "openai"


def test_the_grid_says_how_long_after_the_one_before_and_what_it_came_from() -> None:
    events = [
        said(QUEUED),
        said(reserved(), position=2),
        said(RunStarted(), 1_250, position=3, cause="2"),
        said(started(), 1_250, position=4, cause="asked-elsewhere"),
        said(succeeded(), 2_000, position=5, cause="nobody-knows"),
    ]
    lines = in_a_pipe(history_grid(events, Places(events), elsewhere={"asked-elsewhere": 77})).splitlines()
    assert [line.split()[:1] for line in lines[1:]] == [[str(position)] for position in range(1, 6)]
    assert lines[1].split()[2:] == ["RunQueued", "installer", "a-skill", "v3", "for", "openai"]
    assert lines[3].split()[1:] == ["12:00:01.250", "+1.2", "s", "2", "RunStarted", "installer"]
    assert lines[4].split()[2:6] == ["+0", "ms", "77", "ProviderStarted"]
    assert lines[5].split()[2:6] == ["+750", "ms", "elsewhere", "ProviderSucceeded"]


def test_a_run_of_several_days_has_its_dates() -> None:
    events = story((0, QUEUED), (86_400_000, RunStarted()))
    assert "2026-11-23 12:00:00" in in_a_pipe(history_grid(events, Places(events), elsewhere={}))


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_lost(width: int) -> None:
    names = [f"connection-{number}" for number in range(20)]
    events = story((0, queued(*names)), (0, reserved()), (5, started(issued=1)), (9, failed()), (9, retrying(due=99)))
    shown = on_a_terminal(history_grid(events, Places(events), elsewhere={}), width=width)
    assert max(map(len, shown.splitlines())) <= width
    assert [name for name in names if name not in shown] == []
    assert "attempt 1, ticket 7 after 4 ms in NATS" in " ".join(shown.split())
