"""Attempts that fail at the emulated providers and are made again: the run succeeds, and one thing is there in the end."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from commands.abandon_target import AbandonTarget, AbandonTargetHandler
from domain.errors import Code
from domain.install_run.events import ProviderFailed, ProviderRetryScheduled, ProviderStarted, ProviderSucceeded
from domain.install_run.policy import Policy
from domain.installation.events import InstallationSwept, InstallationVerified
from domain.provider.events import ProviderDeactivated, ProviderPaused, ProviderVerificationFailed
from domain.provider.state import provider_stream
from domain.timers import TimerName
from tests.commands.world import names
from tests.kit.facts import context
from tests.kit.waiting import eventually
from tests.workers.attempts import ONCE
from tests.workers.installing import SECONDS_MAX, only
from tests.workers.sandbox_installing import KINDS, SandboxInstalling, installing_at

pytestmark = pytest.mark.anyio

QUICK = Policy(backoff_seconds=0.05, attempt_timeout_seconds=5)
BRIEF = Policy(attempt_timeout_seconds=1, attempts_max=1)
IMPATIENT = Policy(backoff_seconds=0.05, attempt_timeout_seconds=1)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
async def installing(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[SandboxInstalling]:
    async with installing_at(request.param) as installing:
        yield installing


@pytest.mark.parametrize(
    ("kind", "fault", "code", "ambiguous", "adopted"),
    [
        ("status", {"status": 503}, Code.PROVIDER_OVERLOADED, True, False),
        ("status", {"status": 500}, Code.PROVIDER_INTERNAL, True, False),
        ("html", {}, Code.PROVIDER_INTERNAL, True, False),
        ("drop_before", {}, Code.PROVIDER_OFFLINE, True, False),
        ("drop_after", {}, Code.PROVIDER_OFFLINE, True, True),
        ("garbage", {}, Code.PROVIDER_BAD_RESPONSE, True, True),
    ],
    ids=["503", "500", "html", "drop before", "drop after", "garbage"],
)
async def test_what_went_wrong_is_tried_again_and_created_once(
    installing: SandboxInstalling, *, kind: str, fault: dict[str, Any], code: Code, ambiguous: bool, adopted: bool
) -> None:
    await installing.fault(kind, **fault)
    events = await installing.install(policy=QUICK)
    failed = only(events, ProviderFailed)
    assert (failed.code, failed.retryable, failed.ambiguous, failed.final) == (code, True, ambiguous, False)
    assert only(events, ProviderSucceeded).adopted is adopted
    assert [event.attempt for event in events if isinstance(event, ProviderStarted)] == [1, 2]
    assert (len(await installing.there()), await installing.writes()) == (1, 1)
    assert isinstance(await installing.verify(), InstallationVerified)


async def test_a_reply_that_drips_ends_at_the_deadline_and_what_it_tells_of_is_adopted(
    installing: SandboxInstalling,
) -> None:
    await installing.fault("drip")
    events = await installing.install(policy=IMPATIENT)
    assert only(events, ProviderFailed).code is Code.PROVIDER_TIMEOUT
    assert only(events, ProviderSucceeded).adopted
    assert (len(await installing.there()), await installing.writes()) == (1, 1)


async def test_it_is_tried_as_often_as_the_policy_says(installing: SandboxInstalling) -> None:
    await installing.fault("status", status=503, times=3)
    events = await installing.install(policy=Policy(backoff_seconds=0.05, attempts_max=3))
    assert [event.final for event in events if isinstance(event, ProviderFailed)] == [False, False, True]
    assert names(events)[-1] == "RunFailed"
    assert await installing.there() == []


async def install_after_one_that_hangs(installing: SandboxInstalling, operation: str = "create_skill") -> None:
    """The first create is given up, and is carried out when everything is over. At Gemini it is another run's, since those of
    one run meet each other.
    """
    created = await installing.writes()
    await installing.fault("hang", operation, delaySeconds=2.5)
    if installing.kind.name == "gemini":
        only(await installing.install(policy=BRIEF), ProviderFailed)
    only(await installing.install(policy=IMPATIENT), ProviderSucceeded)
    assert await installing.writes() == created + 1
    await installing.carried_out(created + 2)


async def test_what_arrives_after_the_success_is_swept(installing: SandboxInstalling) -> None:
    await install_after_one_that_hangs(installing)
    assert len(await installing.there()) == 2
    swept, verified = await installing.sweep()
    assert isinstance(swept, InstallationSwept)
    assert len(swept.discarded) == 1
    assert isinstance(verified, InstallationVerified)
    assert len(await installing.there()) == 1
    assert await installing.sweep() == []
    assert isinstance(await installing.verify(), InstallationVerified)


async def test_an_upgrade_that_arrives_after_the_success_is_swept(installing: SandboxInstalling) -> None:
    await installing.install("one")
    await installing.world.register("two")
    await install_after_one_that_hangs(installing, installing.kind.upgrade)
    await installing.sweep()
    (there,) = await installing.there()
    assert len(there["versions"]) == min(2, installing.kind.versions_kept)
    assert isinstance(await installing.verify(), InstallationVerified)
    assert await installing.live_version() == 2


async def test_an_upgrade_that_arrives_after_the_failure_is_swept(installing: SandboxInstalling) -> None:
    """Otherwise it would be in use in place of the version that is said to be."""
    await installing.install("one")
    await installing.world.register("two")
    await installing.fault("hang", installing.kind.upgrade, delaySeconds=1.5)
    assert only(await installing.install(policy=BRIEF), ProviderFailed).ambiguous
    await installing.carried_out(2)
    await installing.sweep()
    (there,) = await installing.there()
    assert len(there["versions"]) == 1
    assert isinstance(await installing.verify(), InstallationVerified)


async def test_a_provider_that_asks_to_wait_is_left_alone_for_so_long(installing: SandboxInstalling) -> None:
    await installing.fault("status", status=429, retryAfterSeconds=1)
    events = await installing.install(policy=QUICK)
    assert only(events, ProviderFailed).retry_after_seconds == 1
    paused = only(await installing.world.events(provider_stream(installing.kind.name)), ProviderPaused)
    assert paused.until is not None
    assert only(events, ProviderRetryScheduled).due_at == paused.until
    first, second = [
        recorded.at
        for recorded in await installing.world.store.read(after=0, limit=1000)
        if isinstance(recorded.event, ProviderStarted)
    ]
    assert second - first >= timedelta(seconds=1)
    assert len(await installing.there()) == 1


async def test_a_provider_that_does_not_say_how_long_is_tried_again_when_it_is_due(
    installing: SandboxInstalling,
) -> None:
    """But at Claude a limit without a time is one of money."""
    await installing.fault("status", status=429)
    events = await installing.install(policy=QUICK)
    failed = only(events, ProviderFailed)
    if installing.kind.name == "claude":
        assert (failed.code, failed.final) == (Code.PROVIDER_QUOTA_EXCEEDED, True)
        return
    assert (failed.code, failed.retryable, failed.ambiguous) == (Code.PROVIDER_RATE_LIMIT, True, False)
    assert not only(events, ProviderSucceeded).adopted


async def test_a_key_that_is_refused_takes_the_connection_out_of_use(installing: SandboxInstalling) -> None:
    """Its run fails, it is verified again, and what waits for it fails with it."""
    await installing.fault("status", status=401)
    await installing.fault("status", "list", status=401)
    failed = only(await installing.install(), ProviderFailed)
    assert (failed.code, failed.final) == (Code.PROVIDER_UNAUTHORIZED, True)
    waiting = (await installing.world.queue(installing.kind.name)).run_id
    connection = provider_stream(installing.kind.name)
    assert installing.look_after(TimerName.VERIFY) == 1

    async def out_of_use() -> bool:
        return isinstance((await installing.world.events(connection))[-1], ProviderDeactivated)

    async with installing.working():
        await eventually(out_of_use, SECONDS_MAX)
    refused = only(await installing.world.events(connection), ProviderVerificationFailed)
    assert refused.code is Code.PROVIDER_UNAUTHORIZED
    abandon = AbandonTargetHandler(handling=installing.world.handling)
    assert await abandon(AbandonTarget(run_id=waiting, provider_id=connection), context())
    assert names(await installing.world.events(waiting))[-1] == "RunFailed"
    assert await installing.there() == []


async def test_a_key_that_was_refused_once_stays_in_use(installing: SandboxInstalling) -> None:
    await installing.fault("status", status=403)
    assert only(await installing.install(), ProviderFailed).code is Code.PROVIDER_FORBIDDEN
    connection = provider_stream(installing.kind.name)
    installing.look_after(TimerName.VERIFY)

    async def verified() -> bool:
        return names(await installing.world.events(connection)).count("ProviderVerified") == 2

    async with installing.working():
        await eventually(verified, SECONDS_MAX)
    only(await installing.install(policy=ONCE), ProviderSucceeded)
