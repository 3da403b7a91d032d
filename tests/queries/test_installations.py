from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.errors import BadRequest, Code, InstallationNotFound, StoreOffline
from domain.installation.state import installation_stream
from domain.provider.state import provider_stream
from domain.skill.state import skill_stream
from projections.installations import INSTALLATIONS
from projections.providers import PROVIDERS
from projections.skills import SKILLS
from queries.get_installation import GetInstallation, get_installation, get_installations
from queries.installation_view import ProviderName, Remote, SkillName
from queries.list_installations import ListInstallations, list_installations
from queries.reading import READ_WAIT_SECONDS
from tests.kit.read_side import ReadSide
from tests.projections.stories import CLAUDE, OPENAI, SKILL, Story, digest

pytestmark = pytest.mark.anyio


def pair(provider: str = "openai", skill: str = "kbo-results") -> UUID:
    return installation_stream(skill_stream(skill), provider_stream(provider))


class Told(Story):
    """Live: kbo-results at openai and claude, other at openai. Removed: kbo-results at gemini."""

    def __init__(self) -> None:
        super().__init__()
        for skill in ("kbo-results", "other"):
            self.publish(skill)
        for name in ("openai", "claude", "gemini"):
            self.connect(name)
        self.first = self.run(1, "openai", "claude", "gemini")
        for name in ("openai", "claude", "gemini"):
            self.first.start(name).succeed(name)
        self.run(2, "openai", skill="other").start("openai").succeed("openai")
        self.removal(3, "gemini").start("gemini").succeed("gemini")
        self.check("claude", "missing")


@pytest.fixture
async def told(side: ReadSide) -> Told:
    story = Told()
    await side.tell(story.events)
    return story


async def found(side: ReadSide, **filters: Any) -> list[tuple[str, str]]:
    page = await list_installations(side.reader, ListInstallations(**filters))
    return [(one.skill.name, one.provider.name) for one in page.items]


async def test_what_is_live_is_listed_the_newest_pair_first_by_what_is_asked_for(side: ReadSide, told: Told) -> None:
    kbo = [("kbo-results", "claude"), ("kbo-results", "openai")]
    expected: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        ({}, [("other", "openai"), *kbo]),
        ({"skill": ("kbo-results",)}, kbo),
        ({"skill": (str(SKILL),)}, kbo),
        ({"skill": ("nothing",)}, []),
        ({"skill": ("",)}, []),
        ({"provider": ("claude",)}, kbo[:1]),
        ({"provider": (str(CLAUDE),)}, kbo[:1]),
        ({"provider": ("gemini",)}, []),
        ({"drift": ("none",)}, [("other", "openai"), kbo[1]]),
        ({"drift": ("missing",)}, kbo[:1]),
        ({"drift": ("changed",)}, []),
        ({"drift": ("changed", "missing")}, kbo[:1]),
        ({"skill": ("other", "kbo-results"), "provider": ("openai", "gemini")}, [("other", "openai"), kbo[1]]),
        ({"skill": ("kbo-results",), "provider": ("openai",), "drift": ("none",)}, kbo[1:]),
    ]
    assert [(filters, await found(side, **filters)) for filters, _ in expected] == expected


async def test_one_is_shown_with_the_names_of_its_skill_and_its_provider(side: ReadSide, told: Told) -> None:
    answer = await get_installation(side.reader, GetInstallation(installation_id=pair()))
    row = (await side.rows(INSTALLATIONS))[0]
    one = answer.item
    assert not answer.stale
    assert (one.id, one.skill) == (pair(), SkillName(id=SKILL, name="kbo-results"))
    assert one.provider == ProviderName(id=OPENAI, name="openai", kind="openai")
    assert (one.version, one.digest) == (1, digest(1))
    assert one.remote == Remote(id="skill_openai", version="1")
    assert (one.run_id, one.usage) == (told.first.id, "use it so")
    assert (one.drift, one.verified_at, one.code, one.message, one.active_run_id) == ("none", None, None, None, None)
    assert one.at.utcoffset() is not None
    assert row.begun_position != one.position


async def test_what_a_check_found_and_who_is_at_work_is_shown(side: ReadSide) -> None:
    story = Told()
    story.fail_check("openai", Code.PROVIDER_FORBIDDEN)
    removal = story.removal(4, "claude")
    await side.tell(story.events)
    one = (await get_installation(side.reader, GetInstallation(installation_id=pair()))).item
    assert (one.drift, one.code, one.message) == ("unknown", Code.PROVIDER_FORBIDDEN, "no answer")
    other = (await get_installation(side.reader, GetInstallation(installation_id=pair("claude")))).item
    assert (other.drift, other.active_run_id) == ("missing", removal.id)
    assert other.verified_at is not None


async def test_pages_follow_each_other_also_when_what_they_hold_changes(side: ReadSide, told: Told) -> None:
    first = await list_installations(side.reader, ListInstallations(limit=1))
    before = len(told.events)
    told.run(4, "openai", skill="other", version=2).start("openai").succeed("openai")
    told.removal(5, "openai", skill="other").start("openai").succeed("openai")
    told.run(6, "openai", version=2).start("openai").succeed("openai")
    await side.tell(told.events[before:])
    second = await list_installations(side.reader, ListInstallations(limit=1, cursor=first.next_cursor))
    third = await list_installations(side.reader, ListInstallations(limit=1, cursor=second.next_cursor))
    shown = [[(one.skill.name, one.provider.name) for one in page.items] for page in (first, second, third)]
    assert shown == [[("other", "openai")], [("kbo-results", "claude")], [("kbo-results", "openai")]]
    assert third.next_cursor is None
    with pytest.raises(BadRequest):
        await list_installations(side.reader, ListInstallations(cursor="elsewhere"))


async def test_what_is_not_live_is_not_found(side: ReadSide, told: Told) -> None:
    for installation_id in (pair("gemini"), uuid4(), SKILL):
        with pytest.raises(InstallationNotFound):
            await get_installation(side.reader, GetInstallation(installation_id=installation_id))


async def test_several_come_in_the_order_asked_for_without_those_that_are_not_live(side: ReadSide, told: Told) -> None:
    ids = (pair("claude"), pair("gemini"), pair("openai", "other"), pair())
    answer = await get_installations(side.reader, ids)
    assert [one.id for one in answer.items] == [ids[0], ids[2], ids[3]]
    assert (await get_installations(side.reader, ())).items == ()


@pytest.mark.parametrize("behind", [SKILLS.name, PROVIDERS.name, INSTALLATIONS.name])
async def test_all_that_is_read_together_is_waited_for(side: ReadSide, behind: str) -> None:
    story = Told()
    await side.store(story.events)
    others = [model.name for model in (SKILLS, PROVIDERS, INSTALLATIONS) if model.name != behind]
    await side.take(*others, events=story.events)
    assert (await list_installations(side.reader, ListInstallations())).stale
    with pytest.raises(StoreOffline):
        await get_installation(side.reader, GetInstallation(installation_id=pair()))
    await side.take(behind, events=story.events)
    page = await list_installations(side.reader, ListInstallations())
    assert (page.stale, len(page.items)) == (False, 3)


async def test_to_wait_for_all_of_it_takes_no_longer_than_for_one(side: ReadSide) -> None:
    await side.store(Told().events)
    started = monotonic()
    assert (await list_installations(side.reader, ListInstallations())).stale
    assert READ_WAIT_SECONDS <= monotonic() - started < 2 * READ_WAIT_SECONDS
