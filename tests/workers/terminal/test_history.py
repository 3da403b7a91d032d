from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from domain.errors import Code
from domain.events import Event as DomainEvent
from domain.install_run.events import (
    ProviderFailed,
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
    RunQueued,
    RunRetried,
    RunStarted,
    RunSucceeded,
    SkillPin,
    Target,
    Undo,
)
from domain.install_run.policy import Policy
from domain.installation.events import (
    InstallationAwaited,
    InstallationChanged,
    InstallationDoubted,
    InstallationReceiptLate,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
    InstallationSwept,
    Receipt,
)
from tests.workers.terminal.answered import NOON, in_a_pipe
from workers.terminal.answers import Event, understood
from workers.terminal.event_wording import describe
from workers.terminal.history import history_grid

RUN, SKILL, PROVIDER, ATTEMPT = (UUID(int=number) for number in range(1, 5))
RECEIPT = Receipt(remote_id="skill_1", remote_version="2")
QUEUED = RunQueued(
    skill=SkillPin(id=SKILL, name="a-skill", version=3, digest="sha256:00", ref="latest"),
    targets=(Target(id=PROVIDER, name="openai", kind="openai"),),
    policy=Policy(),
)
FAILED = ProviderFailed(
    provider_id=PROVIDER,
    attempt_id=ATTEMPT,
    code=Code.PROVIDER_TIMEOUT,
    message="",
    retryable=True,
    ambiguous=True,
)


def said(event: DomainEvent, *, position: int = 1, milliseconds: int = 0) -> Event:
    """As the API gives it."""
    document = {
        "position": position,
        "event": type(event).__name__,
        "at": NOON + timedelta(milliseconds=milliseconds),
        "actor": {"kind": "system", "id": "installer", "name": "installer"},
        "data": msgspec.to_builtins(event),
    }
    return understood(document, Event)


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
        (InstallationAwaited(run_id=RUN, version=3), "for version 3"),
        (InstallationAwaited(run_id=RUN, version=3, removes=True), "to remove version 3"),
        (InstallationRemoved(run_id=RUN, skill_id=SKILL, provider_id=PROVIDER), "openai"),
        (
            InstallationChanged(
                run_id=RUN, skill_id=SKILL, provider_id=PROVIDER, version=3, digest="sha256:00", receipt=RECEIPT
            ),
            "openai: skill_1 version 2",
        ),
        (InstallationReleased(run_id=RUN), ""),
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
        (RollbackRequested(undoes=(Undo(provider_id=PROVIDER),)), "by itself"),
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
            "the store was restored; what it may have forgotten is looked up",
        ),
        (InstallationSwept(run_id=RUN, discarded=(RECEIPT,)), "1 extra removed"),
        (InstallationSwept(run_id=RUN, settled=True), "nothing was left over"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_event_in_a_few_words(event: DomainEvent, words: str) -> None:
    assert describe(said(event), {str(PROVIDER): "openai"}) == words


def test_an_event_of_a_newer_server_stands_with_its_name() -> None:
    unknown = understood(
        {"position": 1, "event": "RunPaused", "at": NOON, "actor": {"kind": "x", "id": "y", "name": "z"}}, Event
    )
    assert describe(unknown, {}) == ""
    assert "RunPaused" in in_a_pipe(history_grid([unknown]))


def test_an_event_that_a_newer_server_tells_in_another_shape_stands_with_its_name() -> None:
    strange = msgspec.structs.replace(said(FAILED), data={"codes": ["a", "b"]})
    assert describe(strange, {}) == ""


def test_the_grid_says_how_long_after_the_one_before() -> None:
    lines = in_a_pipe(history_grid([said(QUEUED), said(RunStarted(), position=2, milliseconds=1_250)])).splitlines()
    assert lines[1].split() == ["1", "12:00:00.000", "RunQueued", "installer", "a-skill", "v3", "for", "openai"]
    assert lines[2].split() == ["2", "12:00:01.250", "+1.2", "s", "RunStarted", "installer"]
