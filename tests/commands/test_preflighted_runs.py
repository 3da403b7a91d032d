"""Targets that a provider would refuse: they fail at once, nobody asks them anything, and the others do not notice."""

import pytest

from domain.errors import Code, RunConflict
from domain.install_run.events import ProviderRefused, RunFailed, RunPartiallyFailed, RunQueued
from domain.install_run.policy import Policy
from domain.install_run.state import INSTALL_RUN, InstallRun, RunStatus, TargetStatus
from domain.installation.state import installation_stream
from domain.provider.state import provider_stream
from tests.commands.world import SKILL_ID, TIGHT_BYTES, World, names

pytestmark = pytest.mark.anyio

LARGE = "x" * TIGHT_BYTES
GEMINI_ID = provider_stream("gemini")


@pytest.fixture
async def three(empty: World) -> World:
    """Three connections, of which Gemini takes less than the skill has."""
    await empty.register(LARGE)
    for kind in ("openai", "claude", "gemini"):
        await empty.connect(kind, kind=kind)
    return empty


async def folded(world: World, run_id: object) -> InstallRun:
    history = await world.store.load(run_id)  # type: ignore[arg-type]
    run = INSTALL_RUN.fold(history)
    assert run is not None
    return run


async def test_a_target_that_would_be_refused_fails_without_an_attempt_and_takes_no_slot(three: World) -> None:
    queued = await three.queue("openai", "gemini", "claude")
    run_queued, refused = await three.events(queued.run_id)
    assert isinstance(run_queued, RunQueued)
    assert isinstance(refused, ProviderRefused)
    assert (refused.provider_id, refused.code) == (GEMINI_ID, Code.PROVIDER_TOO_LARGE)
    assert refused.message.startswith("`SKILL.md` has 1,0")
    assert refused.message.endswith("this provider takes 1,000. (and 1 more)")
    assert [event.event for event in queued.history] == [run_queued, refused]
    assert await three.events(installation_stream(SKILL_ID, GEMINI_ID)) == []
    run = await folded(three, queued.run_id)
    assert [(target.status, target.attempts) for target in run.targets] == [
        (TargetStatus.QUEUED, 0),
        (TargetStatus.FAILED, 0),
        (TargetStatus.QUEUED, 0),
    ]


async def test_the_others_run_to_their_end_and_the_run_has_failed_in_part(three: World) -> None:
    queued = await three.queue("openai", "claude", "gemini")
    assert await three.start(queued.run_id, "gemini") is None
    await three.carry_out(queued.run_id, "openai")
    await three.carry_out(queued.run_id, "claude")
    ended = (await three.events(queued.run_id))[-1]
    assert ended == RunPartiallyFailed(succeeded=2, failures={Code.PROVIDER_TOO_LARGE: 1})


async def test_a_run_that_nobody_would_take_has_failed_when_it_is_answered(three: World) -> None:
    await three.connect("gemini-2", kind="gemini")
    before = await three.store.head()
    queued = await three.queue("gemini", "gemini-2")
    assert names(await three.events())[before:] == ["RunQueued", "ProviderRefused", "ProviderRefused", "RunFailed"]
    assert queued.history[-1].event == RunFailed(failures={Code.PROVIDER_TOO_LARGE: 2})
    assert (await folded(three, queued.run_id)).status is RunStatus.FAILED
    again = await three.queue("gemini", "gemini-2")
    assert (again.reused, again.run_id != queued.run_id) == (False, True)


async def test_each_kind_has_its_own_rules(three: World) -> None:
    await three.register(name="ask-claude")
    queued = await three.queue("openai", "claude", "gemini", skill="ask-claude")
    refused = (await three.events(queued.run_id))[1]
    assert isinstance(refused, ProviderRefused)
    assert (refused.provider_id, refused.code) == (provider_stream("claude"), Code.PROVIDER_INVALID_SKILL)
    assert refused.message == "The name holds `claude`, which this provider keeps for itself."


async def test_of_several_reasons_the_first_one_counts(three: World) -> None:
    await three.register(LARGE, name="ask-gemini")
    (target,) = (await three.preview("gemini", skill="ask-gemini")).targets
    codes = [refusal.code for refusal in target.refusals]
    assert codes == [Code.PROVIDER_TOO_LARGE, Code.PROVIDER_TOO_LARGE, Code.PROVIDER_INVALID_SKILL]
    queued = await three.queue("gemini", skill="ask-gemini")
    refused = (await three.events(queued.run_id))[1]
    assert isinstance(refused, ProviderRefused)
    assert (refused.code, refused.message) == (codes[0], f"{target.refusals[0].message} (and 2 more)")


async def test_a_run_with_a_refused_target_is_reused_by_who_asks_for_all_of_it(three: World) -> None:
    first = await three.queue("openai", "gemini")
    again = await three.another_process().queue("gemini", "openai")
    assert (again.run_id, again.reused) == (first.run_id, True)
    for others in (("openai",), ("openai", "claude"), ("openai", "claude", "gemini")):
        with pytest.raises(RunConflict) as conflict:
            await three.queue(*others)
        assert conflict.value.extra == {"conflictingRuns": [str(first.run_id)]}
    assert not (await three.queue("claude")).reused


async def test_a_smaller_version_is_taken_again(three: World) -> None:
    await three.queue("gemini")
    await three.register("small")
    queued = await three.queue("gemini")
    await three.carry_out(queued.run_id, "gemini")
    assert names(await three.events(queued.run_id))[-1] == "RunSucceeded"


async def test_all_or_nothing_with_a_target_that_is_refused_is_over_before_it_took_a_slot(three: World) -> None:
    before = await three.store.head()
    queued = await three.queue("openai", "gemini", "claude", policy=Policy(mode="all_or_nothing"))
    assert names([event.event for event in await three.store.read(after=before, limit=100)]) == [
        "RunQueued",
        "ProviderRefused",
        "ProviderGivenUp",
        "ProviderGivenUp",
        "RunFailed",
    ]
    assert (await three.events(queued.run_id))[-1] == RunFailed(
        failures={Code.PROVIDER_TOO_LARGE: 1, Code.RUN_ROLLED_BACK: 2}, reason=Code.RUN_ROLLED_BACK
    )
    assert not three.store.timers
    for name in ("openai", "claude"):
        assert await three.start(queued.run_id, name) is None
        assert not (await three.queue(name)).reused
