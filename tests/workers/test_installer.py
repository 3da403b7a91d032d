"""What the installer makes of a ticket: how an attempt begins, what is asked of the provider, and what is recorded of it."""

import pytest
from structlog.testing import capture_logs

from domain.errors import Code
from domain.install_run.events import ProviderFailed, ProviderSucceeded, RunFailed
from domain.install_run.policy import Policy
from domain.installation.events import InstallationChanged, InstallationReleased
from domain.installation.state import installation_stream
from domain.ports import ProviderError
from domain.provider.state import provider_stream
from domain.skill.events import SkillVersionPublished
from tests.commands.world import SKILL_ID, names
from tests.kit.shelf_provider import Fault
from tests.workers.attempts import ONCE, carry_out
from tests.workers.installing import ACK, Installing, only
from workers.ticket_handling import INSTALLER

pytestmark = pytest.mark.anyio

INSTALLATION = installation_stream(SKILL_ID, provider_stream("openai"))


@pytest.fixture
async def installing() -> Installing:
    installing = Installing()
    await installing.connect()
    return installing


async def test_a_ticket_becomes_an_installation(installing: Installing) -> None:
    run_id = await installing.queue()
    async with installing.working():
        await installing.ended(run_id)
    story = await installing.world.events()
    queued = names(story).index("RunQueued")
    assert names(story)[queued:] == [
        "RunQueued",
        "InstallationReserved",
        "RunStarted",
        "ProviderStarted",
        "ProviderSucceeded",
        "InstallationChanged",
        "RunSucceeded",
    ]
    (kept,) = installing.provider.shelf
    succeeded = only(story, ProviderSucceeded)
    assert (succeeded.receipt, succeeded.adopted) == (kept.receipt, False)
    assert installing.provider.calls == ["install"]
    assert installing.tickets.answers == [ACK]


async def test_what_was_installed_are_the_bytes_that_were_registered(installing: Installing) -> None:
    await carry_out(installing)
    published = only(await installing.world.events(SKILL_ID), SkillVersionPublished)
    assert [kept.digest for kept in installing.provider.shelf] == [published.digest]


async def test_every_event_says_what_it_came_from(installing: Installing) -> None:
    run_id = await installing.queue()
    async with installing.working():
        await installing.ended(run_id)
    told = {event.name: event for event in await installing.world.store.read(after=0, limit=100)}
    reserved, started = told["InstallationReserved"], told["ProviderStarted"]
    assert started.causation_id == reserved.id
    assert {told[name].causation_id for name in ("ProviderSucceeded", "RunSucceeded")} == {started.id}
    for name in ("RunStarted", "ProviderStarted", "ProviderSucceeded", "InstallationChanged", "RunSucceeded"):
        assert told[name].actor == INSTALLER
        assert (told[name].request_id, told[name].correlation_id) == (reserved.request_id, reserved.correlation_id)


async def test_a_refusal_is_recorded_as_the_provider_said_it(installing: Installing) -> None:
    error = ProviderError(
        Code.PROVIDER_RATE_LIMIT, "Slow down.", retryable=True, request_id="req_1", retry_after_seconds=7.5
    )
    installing.provider.faults.append(Fault(error=error))
    events = await carry_out(installing, policy=ONCE)
    assert names(events) == ["RunQueued", "RunStarted", "ProviderStarted", "ProviderFailed", "RunFailed"]
    failed = only(events, ProviderFailed)
    assert (failed.code, failed.message) == (Code.PROVIDER_RATE_LIMIT, "Slow down.")
    assert (failed.retryable, failed.ambiguous) == (True, False)
    assert (failed.provider_request_id, failed.retry_after_seconds) == ("req_1", 7.5)
    assert only(events, RunFailed).failures == {Code.PROVIDER_RATE_LIMIT: 1}
    assert only(await installing.world.events(INSTALLATION), InstallationReleased).doubtful_since is None


async def test_how_to_use_it_is_recorded_with_what_is_live(installing: Installing) -> None:
    await carry_out(installing)
    (kept,) = installing.provider.shelf
    changed = only(await installing.world.events(INSTALLATION), InstallationChanged)
    assert kept.receipt.remote_id in changed.usage


async def test_bytes_that_are_gone_are_said_to_be_that(installing: Installing) -> None:
    run_id = await installing.queue()
    installing.world.bundles._contents.clear()
    async with installing.working():
        failed = only(await installing.ended(run_id), ProviderFailed)
    assert (failed.code, failed.retryable, failed.ambiguous) == (Code.PROVIDER_MISCONFIGURED, False, False)
    assert "SKILL.md" in failed.message
    assert installing.provider.calls == []


@pytest.mark.parametrize("error", [RuntimeError("sk-canary"), KeyError("sk-canary"), UnicodeError("sk-canary")])
async def test_an_adapter_that_breaks_is_an_unknown_outcome(installing: Installing, error: Exception) -> None:
    """Whatever it raised, the create may have been carried out; what exactly it was is for the log."""
    installing.provider.faults.append(Fault(error=error, applied=True))
    with capture_logs() as logs:
        failed = only(await carry_out(installing, policy=ONCE), ProviderFailed)
    assert (failed.code, failed.retryable, failed.ambiguous) == (Code.PROVIDER_INTERNAL, True, True)
    assert "sk-canary" not in failed.message
    assert [line["exc_info"] for line in logs if line["event"] == "attempt_broke"] == [True]
    assert only(await carry_out(installing), ProviderSucceeded).adopted
    assert len(installing.provider.shelf) == 1


async def test_an_attempt_ends_at_its_deadline_whatever_the_adapter_does(installing: Installing) -> None:
    installing.provider.gates["openai"].clear()
    failed = only(await carry_out(installing, policy=Policy(attempt_timeout_seconds=1, attempts_max=1)), ProviderFailed)
    assert (failed.code, failed.retryable, failed.ambiguous) == (Code.PROVIDER_TIMEOUT, True, True)
    assert installing.provider.deadlines == [1]
