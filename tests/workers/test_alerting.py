"""The alerts part: what it raises, says again and resolves, once each, whatever is restarted meanwhile."""

from contextlib import AsyncExitStack

import pytest

from commands.raise_alert import RaiseAlert, RaiseAlertHandler
from commands.resolve_alert import ResolveAlert, ResolveAlertHandler
from domain.alert.decisions import Condition
from domain.alert.events import AlertRaised, AlertRepeated, AlertResolved
from domain.alert.rules import LongRunning, RepeatedFailures, Rule, RuleName, Stuck
from domain.errors import Code
from domain.provider.events import (
    ProviderActivated,
    ProviderDeactivated,
    ProviderVerificationFailed,
    ProviderVerified,
)
from tests.kit.facts import context
from tests.workers.alarmed import Alarmed, only

pytestmark = pytest.mark.anyio

WINDOW_SECONDS = 600
THREE = RepeatedFailures(window_seconds=WINDOW_SECONDS, per_provider=3, per_skill=0, per_code=0, renotify_seconds=3600)
FAILURES = only(repeated_failures=THREE)
OPENAI = "provider:openai"


async def test_what_fails_again_and_again_is_said_once_and_resolved_when_it_is_quiet(scene: Alarmed) -> None:
    async with scene.part(FAILURES):
        last = await scene.fail(3)
        (raised,) = await scene.until_said(("raised", OPENAI))
        assert (raised.rule, raised.severity, raised.times) == ("repeated-failures", "warning", 1)
        assert raised.facts["failures"] == 3
        assert raised.facts["lastRunId"] == str(last)
        await scene.fail(2)
        scene.world.pass_time(WINDOW_SECONDS)
        _, resolved = await scene.until_said(("raised", OPENAI), ("resolved", OPENAI))
        assert resolved.alert_id == raised.alert_id
    assert await scene.told() == await scene.log.head()
    (alert,) = await scene.alerts()
    assert (alert.id, alert.status, alert.times) == (raised.alert_id, "resolved", 1)
    assert alert.runbook == "docs/runbooks/repeated-failures.md"


@pytest.mark.long
async def test_what_comes_back_is_another_alert(scene: Alarmed) -> None:
    async with scene.part(FAILURES):
        await scene.fail(3)
        await scene.until_said(("raised", OPENAI))
        scene.world.pass_time(WINDOW_SECONDS)
        await scene.until_said(("raised", OPENAI), ("resolved", OPENAI))
        await scene.fail(3)
        said = await scene.until_said(("raised", OPENAI), ("resolved", OPENAI), ("raised", OPENAI))
    assert len({message.alert_id for message in said}) == 2
    assert [alert.status for alert in await scene.alerts()] == ["resolved", "open"]


async def test_while_it_lasts_it_is_said_again(scene: Alarmed) -> None:
    rules = only(long_running=LongRunning(after_seconds=60, renotify_seconds=300))
    async with scene.part(rules):
        run_id = (await scene.world.queue("openai")).run_id
        subject = f"install_run:{run_id}"
        scene.world.pass_time(60)
        await scene.until_said(("raised", subject))
        scene.world.pass_time(300)
        _, repeated = await scene.until_said(("raised", subject), ("repeated", subject))
        assert (repeated.times, repeated.facts["seconds"]) == (2, 360)
        await scene.world.carry_out(run_id)
        await scene.until_said(("raised", subject), ("repeated", subject), ("resolved", subject))
    (alert,) = await scene.alerts()
    assert (alert.times, alert.status, alert.facts["seconds"]) == (2, "resolved", 360)


async def test_two_of_them_say_nothing_twice_and_the_second_takes_over(scene: Alarmed) -> None:
    async with AsyncExitStack() as second:
        async with scene.part(FAILURES):
            await second.enter_async_context(scene.part(FAILURES))
            await scene.fail(3)
            await scene.until_said(("raised", OPENAI))
        scene.world.pass_time(WINDOW_SECONDS)
        await scene.until_said(("raised", OPENAI), ("resolved", OPENAI))
    assert len(await scene.events(AlertRaised, AlertRepeated, AlertResolved)) == 2


async def test_after_a_restart_the_window_is_what_it_was(scene: Alarmed) -> None:
    async with scene.part(FAILURES):
        await scene.fail(1)
    await scene.fail(1)
    async with scene.part(FAILURES):
        await scene.fail(1)
        (raised,) = await scene.until_said(("raised", OPENAI))
        assert raised.facts["failures"] == 3


async def test_what_is_old_is_not_raised_after_a_restart(scene: Alarmed) -> None:
    await scene.fail(3)
    scene.world.pass_time(WINDOW_SECONDS)
    async with scene.part(FAILURES):
        last = await scene.fail(3)
        (raised,) = await scene.until_said(("raised", OPENAI))
        assert (raised.facts["failures"], raised.facts["lastRunId"]) == (3, str(last))


async def test_what_ended_while_nobody_looked_is_resolved(scene: Alarmed) -> None:
    async with scene.part(FAILURES):
        await scene.fail(3)
        await scene.until_said(("raised", OPENAI))
    scene.world.pass_time(WINDOW_SECONDS)
    async with scene.part(FAILURES):
        await scene.until_said(("raised", OPENAI), ("resolved", OPENAI))


@pytest.mark.long
async def test_what_was_not_told_before_the_end_is_told_after_it(scene: Alarmed) -> None:
    await scene.nats.kill()
    async with scene.part(FAILURES):
        await scene.fail(3)
        await scene.until_recorded(AlertRaised)
    await scene.nats.start()
    async with scene.part(FAILURES):
        await scene.until_said(("raised", OPENAI))


@pytest.mark.long
async def test_a_rule_that_was_taken_out_takes_its_alerts_back(scene: Alarmed) -> None:
    async with scene.part(FAILURES):
        await scene.fail(3)
        await scene.until_said(("raised", OPENAI))
    async with scene.part(only()):
        await scene.until_said(("raised", OPENAI), ("resolved", OPENAI))


async def test_a_connection_that_fails_is_said_until_it_is_verified(scene: Alarmed) -> None:
    failed = ProviderVerificationFailed(code=Code.PROVIDER_UNAUTHORIZED, message="No.")
    async with scene.part(only(provider_failing=Rule())):
        await scene.world.happen_to("openai", failed, ProviderDeactivated())
        (raised,) = await scene.until_said(("raised", OPENAI))
        assert (raised.facts["code"], raised.facts["active"]) == ("unauthorized:provider", False)
        await scene.world.happen_to("openai", ProviderVerified(), ProviderActivated())
        await scene.until_said(("raised", OPENAI), ("resolved", OPENAI))


@pytest.mark.long
async def test_a_connection_that_failed_while_nobody_looked_is_said(scene: Alarmed) -> None:
    """Its beginning is long past for whoever looks now."""
    failed = ProviderVerificationFailed(code=Code.PROVIDER_UNAUTHORIZED, message="No.")
    async with scene.part(only()):
        await scene.fail(1)
    await scene.world.happen_to("openai", failed, ProviderDeactivated())
    async with scene.part(only(provider_failing=Rule())):
        await scene.until_said(("raised", OPENAI))


@pytest.mark.long
async def test_a_connection_that_no_read_model_knows_yet_is_read_from_its_beginning(scene: Alarmed) -> None:
    failed = ProviderVerificationFailed(code=Code.PROVIDER_UNAUTHORIZED, message="No.")
    await scene.stop_projector()
    await scene.world.connect("late", credential="env:WAYBILL_CREDENTIAL_GOOD")
    async with scene.part(only(provider_failing=Rule())):
        await scene.looked()
        await scene.world.happen_to("late", failed, ProviderDeactivated())
        await scene.until_said(("raised", "provider:late"))


@pytest.mark.long
async def test_that_the_record_does_not_hold_is_the_notarys_to_take_back(scene: Alarmed) -> None:
    """It is told like any other alert, and stays open however often nobody here finds it to be so."""
    rule = RuleName.AUDIT_VERIFICATION_FAILED
    condition = Condition(rule=rule, subject="store", facts={"kind": "changed", "position": 7})
    handling = scene.world.handling
    async with scene.part(FAILURES):
        await scene.looked()
        await RaiseAlertHandler(handling=handling)(RaiseAlert(condition=condition, rule=Rule()), context())
        await scene.until_said(("raised", "store"))
        scene.world.pass_time(WINDOW_SECONDS)
        await scene.looked()
        await ResolveAlertHandler(handling=handling)(ResolveAlert(rule=rule, subject="store"), context())
        await scene.until_said(("raised", "store"), ("resolved", "store"))
    assert len(await scene.events(AlertRaised, AlertResolved)) == 2


async def test_a_target_that_is_helped_on_again_and_again_is_said_until_it_ends(scene: Alarmed) -> None:
    async with scene.part(only(stuck=Stuck(rescues=2))):
        run_id = await scene.start_and_lose_it(times=1)
        subject = f"install_run:{run_id}"
    # The first time is before a restart.
    async with scene.part(only(stuck=Stuck(rescues=2))):
        await scene.lose_it(run_id)
        (raised,) = await scene.until_said(("raised", subject))
        assert (raised.facts["rescues"], raised.facts["provider"]) == (2, "openai")
        await scene.world.carry_out(run_id)
        await scene.until_said(("raised", subject), ("resolved", subject))
