"""A dry run: what would become of a run, target by target, and nothing is stored."""

import pytest

from domain.errors import (
    BadRequest,
    Code,
    ProviderNotFound,
    SkillNotFound,
    SkillUnavailable,
    VersionNotFound,
    WaybillError,
)
from domain.provider.events import ProviderPaused
from tests.commands.world import NAME, TIGHT_BYTES, World

pytestmark = pytest.mark.anyio


@pytest.fixture
async def three(empty: World) -> World:
    await empty.register("x" * TIGHT_BYTES)
    for kind in ("openai", "claude", "gemini"):
        await empty.connect(kind, kind=kind)
    return empty


async def test_every_target_says_whether_it_would_take_it(three: World) -> None:
    before = await three.store.head()
    preview = await three.preview("openai", "gemini")
    assert (preview.skill.name, preview.skill.version, preview.skill.ref) == (NAME, 1, "latest")
    taken, refused = preview.targets
    assert (taken.target.name, taken.refusals) == ("openai", ())
    assert (taken.installed_version, taken.active_run_id) == (None, None)
    assert [(refusal.code, refusal.path) for refusal in refused.refusals] == [
        (Code.PROVIDER_TOO_LARGE, "SKILL.md"),
        (Code.PROVIDER_TOO_LARGE, None),
    ]
    assert await three.store.head() == before


async def test_what_is_there_and_who_is_at_work_is_said(three: World) -> None:
    first = await three.queue("openai")
    await three.carry_out(first.run_id)
    await three.register("two")
    second = await three.queue("openai")
    third = await three.queue("openai", ref="1")
    (target,) = (await three.another_process().preview("openai")).targets
    assert (target.installed_version, target.active_run_id) == (1, third.run_id)
    await three.carry_out(second.run_id)
    await three.carry_out(third.run_id)
    (target,) = (await three.preview("openai")).targets
    assert (target.installed_version, target.active_run_id) == (1, None)


async def test_an_inactive_connection_is_a_reason_and_no_refusal_of_the_whole(three: World) -> None:
    await three.connect("broken", credential="sk-wrong")
    fine, broken = (await three.preview("openai", "broken")).targets
    assert fine.refusals == ()
    (refusal,) = broken.refusals
    assert (refusal.code, refusal.path) == (Code.CONFLICT_PROVIDER, None)
    assert "broken is not active" in refusal.message


async def test_an_inactive_connection_comes_before_what_the_provider_would_say(three: World) -> None:
    await three.connect("broken", kind="gemini", credential="sk-wrong")
    (broken,) = (await three.preview("broken")).targets
    assert [refusal.code for refusal in broken.refusals] == [
        Code.CONFLICT_PROVIDER,
        Code.PROVIDER_TOO_LARGE,
        Code.PROVIDER_TOO_LARGE,
    ]


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"skill": "unknown"}, SkillNotFound),
        ({"ref": "9"}, VersionNotFound),
        ({"providers": ("openai", "unknown")}, ProviderNotFound),
        ({"providers": ()}, BadRequest),
        ({"providers": ("openai",) * 2}, BadRequest),
        ({"providers": ("unknown",) * 21}, BadRequest),
    ],
)
async def test_what_does_not_exist_is_refused_as_a_whole(
    three: World, asked: dict[str, object], refusal: type[WaybillError]
) -> None:
    with pytest.raises(refusal):
        await three.preview(**{"providers": ("openai",)} | asked)


async def test_an_archived_skill_is_refused_as_a_whole(three: World) -> None:
    await three.archive()
    with pytest.raises(SkillUnavailable):
        await three.preview("openai")


async def test_a_paused_connection_is_said_and_no_reason_against_it(three: World) -> None:
    await three.happen_to("openai", ProviderPaused(requested=True))
    await three.happen_to("claude", ProviderPaused(until=three.now))
    previewed = (await three.preview("openai", "claude")).targets
    assert [(target.paused, target.refusals) for target in previewed] == [(True, ()), (False, ())]
