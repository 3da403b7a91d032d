"""A run that is all or nothing keeps every slot until it is decided, takes back what it did, and frees them all at the end."""

from typing import Any
from uuid import UUID

import pytest

from domain.errors import Code
from domain.install_run.events import (
    ProviderGivenUp,
    ProviderRollbackFailed,
    ProviderRolledBack,
    RollbackRequested,
    RunFailed,
    RunPartiallyFailed,
    RunSucceeded,
    Undo,
)
from domain.install_run.policy import Policy
from domain.installation.events import (
    InstallationChanged,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
    Receipt,
)
from domain.installation.state import INSTALLATION, Installation, installation_stream
from domain.provider.state import provider_stream
from domain.timers import TimerPhase
from tests.commands.timing import sweep_timer, target_timer
from tests.commands.world import RECEIPT, SKILL_ID, World, failed, names, succeeded

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")
BACKUP_ID = provider_stream("backup")
WHOLE = Policy(mode="all_or_nothing", attempts_max=2, backoff_seconds=10)
SECOND = Receipt(remote_id="skill_1", remote_version="2")
LOST: dict[str, Any] = {"code": Code.PROVIDER_TIMEOUT, "retryable": True, "ambiguous": True}


async def queued(world: World) -> UUID:
    return (await world.queue("openai", "backup", policy=WHOLE)).run_id


async def at(world: World, provider: str = "openai") -> Installation:
    history = await world.store.load(installation_stream(SKILL_ID, provider_stream(provider)))
    installation = INSTALLATION.fold(history)
    assert installation is not None
    return installation


async def test_a_slot_is_kept_until_all_have_succeeded_and_then_all_are_free(world: World) -> None:
    run_id = await queued(world)
    await world.register("two")
    next_in_line = (await world.queue("openai", "backup")).run_id
    before = await world.store.head()
    await world.carry_out(run_id, "openai")
    (changed,) = [event for event in await world.since(before) if isinstance(event, InstallationChanged)]
    assert changed.kept
    assert await world.start(next_in_line, "openai") is None
    before = await world.store.head()
    await world.carry_out(run_id, "backup")
    appended = await world.since(before)
    assert appended[-1] == RunSucceeded(succeeded=2)
    reserved = {event.provider_id for event in appended if isinstance(event, InstallationReserved)}
    assert reserved == {OPENAI_ID, BACKUP_ID}
    for provider in ("openai", "backup"):
        assert target_timer(world, run_id, provider) is None
        assert await world.start(next_in_line, provider) is not None
    assert next_in_line not in (await at(world)).given_up


async def test_what_was_done_is_undone_and_what_waits_is_not_begun(world: World) -> None:
    await world.connect("third")
    run_id = (await world.queue("openai", "backup", "third", policy=WHOLE)).run_id
    await world.carry_out(run_id, "openai")
    before = await world.store.head()
    await world.fail(run_id, "backup")
    appended = await world.since(before)
    assert RollbackRequested(undoes=(Undo(provider_id=OPENAI_ID),)) in appended
    (given_up,) = [event for event in appended if isinstance(event, ProviderGivenUp)]
    assert (given_up.provider_id, given_up.code) == (provider_stream("third"), Code.RUN_ROLLED_BACK)
    assert [event for event in appended if isinstance(event, InstallationReleased)] == [
        InstallationReleased(run_id=run_id)
    ] * 2
    timer = target_timer(world, run_id)
    assert timer is not None
    assert (timer.phase, timer.due_at) == (TimerPhase.RETRY, world.now)
    undoing = await world.start(run_id)
    assert undoing is not None
    assert undoing.removes
    assert undoing.live is not None
    before = await world.store.head()
    await world.settle(succeeded(undoing), run_id=run_id, version=None)
    rolled_back, removed, ended = await world.since(before)
    assert rolled_back == ProviderRolledBack(provider_id=OPENAI_ID, attempt_id=undoing.attempt_id, receipt=RECEIPT)
    assert removed == InstallationRemoved(run_id=run_id, skill_id=SKILL_ID, provider_id=OPENAI_ID)
    assert ended == RunFailed(
        failures={Code.RUN_ROLLED_BACK: 2, Code.PROVIDER_TOO_LARGE: 1}, reason=Code.RUN_ROLLED_BACK
    )
    assert not world.store.timers
    assert not (await world.queue("openai", "backup", "third")).reused


async def test_it_goes_back_to_the_version_that_was_there(world: World) -> None:
    first = await world.carry_out((await world.queue("openai")).run_id)
    await world.register("two")
    run_id = await queued(world)
    attempt = await world.start(run_id)
    assert attempt is not None
    await world.settle(succeeded(attempt, receipt=SECOND), run_id=run_id, version=2)
    await world.fail(run_id, "backup")
    undoing = await world.start(run_id)
    assert undoing is not None
    assert (undoing.removes, undoing.intent.version, undoing.intent.digest) == (False, 1, first.intent.digest)
    assert (undoing.intent.previous, undoing.former) == (SECOND, RECEIPT)
    await world.settle(succeeded(undoing), run_id=run_id)
    live = (await at(world)).live
    assert live is not None
    assert (live.version, live.receipt) == (1, RECEIPT)
    assert (await at(world)).holder is None


async def test_what_it_did_not_change_is_not_undone(world: World) -> None:
    await world.carry_out((await world.queue("openai")).run_id)
    run_id = await queued(world)
    await world.carry_out(run_id, "openai")
    before = await world.store.head()
    await world.fail(run_id, "backup")
    appended = await world.since(before)
    assert ProviderRolledBack(provider_id=OPENAI_ID, version=1) in appended
    assert names(appended)[-1] == "RunFailed"
    installation = await at(world)
    assert installation.holder is None
    assert installation.live is not None


async def test_an_undoing_that_fails_is_tried_again_and_then_said_to_have_failed(world: World) -> None:
    run_id = await queued(world)
    await world.carry_out(run_id, "openai")
    await world.fail(run_id, "backup")
    for _ in range(WHOLE.attempts_max):
        timer = target_timer(world, run_id)
        assert timer is not None
        assert timer.due_at is not None
        world.now = max(world.now, timer.due_at)
        undoing = await world.start(run_id)
        assert undoing is not None
        before = await world.store.head()
        await world.settle(failed(undoing, code=Code.PROVIDER_OVERLOADED, retryable=True), run_id=run_id, version=None)
    appended = await world.since(before)
    assert [type(event) for event in appended if isinstance(event, ProviderRollbackFailed)]
    assert InstallationReleased(run_id=run_id) in appended
    assert isinstance(appended[-1], RunPartiallyFailed)
    installation = await at(world)
    assert (installation.holder, installation.live is not None) == (None, True)
    assert not world.store.timers


async def test_an_undoing_whose_outcome_is_not_known_is_looked_up(world: World) -> None:
    await world.carry_out((await world.queue("openai")).run_id)
    await world.register("two")
    run_id = await queued(world)
    attempt = await world.start(run_id)
    assert attempt is not None
    await world.settle(succeeded(attempt, receipt=SECOND), run_id=run_id, version=2)
    await world.fail(run_id, "backup")
    undoing = await world.start(run_id)
    assert undoing is not None
    began = world.now
    await world.settle(failed(undoing, **LOST), run_id=run_id)
    world.pass_time(60)
    second = await world.start(run_id)
    assert second is not None
    assert [(doubt.version, doubt.since) for doubt in second.doubts] == [(1, began)]
    await world.settle(succeeded(second), run_id=run_id)
    assert (await at(world)).doubtful_since == began
    assert sweep_timer(world) is not None


async def test_doubt_about_what_was_done_is_known_when_it_is_undone(world: World) -> None:
    """What arrives late must go as well, or the run would leave something behind that it says it has taken back."""
    run_id = await queued(world)
    await world.fail(run_id, "openai", **LOST)
    world.pass_time(60)
    await world.carry_out(run_id, "openai")
    await world.fail(run_id, "backup")
    undoing = await world.start(run_id)
    assert undoing is not None
    assert [doubt.version for doubt in undoing.doubts] == [1]
    await world.settle(succeeded(undoing), run_id=run_id, version=None)
    installation = await at(world)
    assert (installation.live, installation.doubtful_since is None) == (None, False)
    assert sweep_timer(world) is not None
