from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from domain.errors import Code
from domain.events import Event as DomainEvent
from domain.install_run.events import (
    ProviderFailed,
    ProviderRefused,
    ProviderStarted,
    ProviderSucceeded,
    RunFailed,
    RunPartiallyFailed,
    RunQueued,
    RunStarted,
    RunSucceeded,
    SkillPin,
    Target,
)
from domain.install_run.policy import Policy
from domain.installation.events import (
    InstallationAwaited,
    InstallationChanged,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
    Receipt,
)
from tests.workers.terminal.answered import NOON, in_a_pipe
from workers.terminal.answers import Event, understood
from workers.terminal.history import describe, history_grid

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


def test_the_grid_says_how_long_after_the_one_before() -> None:
    lines = in_a_pipe(history_grid([said(QUEUED), said(RunStarted(), position=2, milliseconds=1_250)])).splitlines()
    assert lines[1].split() == ["1", "12:00:00.000", "RunQueued", "installer", "a-skill", "v3", "for", "openai"]
    assert lines[2].split() == ["2", "12:00:01.250", "+1.2", "s", "RunStarted", "installer"]
