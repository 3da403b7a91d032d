"""Raising and resolving an alert: on record once, however often and by however many it is asked for."""

import asyncio
from uuid import uuid4

import pytest

from commands.raise_alert import RaiseAlert, RaiseAlertHandler
from commands.resolve_alert import ResolveAlert, ResolveAlertHandler
from domain.alert.decisions import Condition
from domain.alert.events import AlertRaised, AlertRepeated, AlertResolved
from domain.alert.rules import Rule, RuleName, Severity
from domain.alert.state import alert_stream
from tests.commands.world import World, names
from tests.kit.facts import context

pytestmark = pytest.mark.anyio

RULE = Rule(severity=Severity.CRITICAL, renotify_seconds=60)
CONDITION = Condition(rule=RuleName.PART_MISSING, subject="part:relay", facts={"part": "relay"})
STREAM = alert_stream(RuleName.PART_MISSING, "part:relay")
RAISE = RaiseAlert(condition=CONDITION, rule=RULE)
RESOLVE = ResolveAlert(rule=RuleName.PART_MISSING, subject="part:relay")


async def raise_alert(world: World, command: RaiseAlert = RAISE) -> AlertRaised | AlertRepeated | None:
    return await RaiseAlertHandler(handling=world.handling)(command, context())


async def resolve_alert(world: World) -> AlertResolved | None:
    return await ResolveAlertHandler(handling=world.handling)(RESOLVE, context())


async def test_it_says_what_was_said(world: World) -> None:
    raised = await raise_alert(world)
    assert isinstance(raised, AlertRaised)
    assert await raise_alert(world) is None
    world.pass_time(60)
    repeated = await raise_alert(world)
    assert isinstance(repeated, AlertRepeated)
    resolved = await resolve_alert(world)
    assert isinstance(resolved, AlertResolved)
    assert await world.events(STREAM) == [raised, repeated, resolved]


async def test_what_is_not_open_is_not_resolved(world: World) -> None:
    assert await resolve_alert(world) is None
    await raise_alert(world)
    await resolve_alert(world)
    assert await resolve_alert(world) is None
    assert names(await world.events(STREAM)) == ["AlertRaised", "AlertResolved"]


async def test_it_may_have_been_said_before_it_was_recorded(world: World) -> None:
    alert_id = uuid4()
    raised = await raise_alert(world, RaiseAlert(condition=CONDITION, rule=RULE, alert_id=alert_id))
    assert raised is not None
    assert raised.alert_id == alert_id


async def test_of_many_that_raise_it_one_does(world: World) -> None:
    processes = [world, world.another_process(), world.another_process()]
    said = await asyncio.gather(*(raise_alert(process) for process in processes for _ in range(5)))
    assert len([one for one in said if one is not None]) == 1
    over = await asyncio.gather(*(resolve_alert(process) for process in processes for _ in range(5)))
    assert len([one for one in over if one is not None]) == 1
    assert names(await world.events(STREAM)) == ["AlertRaised", "AlertResolved"]
