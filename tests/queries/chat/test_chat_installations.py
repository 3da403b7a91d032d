from typing import Any
from uuid import UUID

import pytest

from domain.chat.facts import InstallationFact
from domain.events import Actor, Role
from domain.installation.state import installation_stream
from domain.provider.state import provider_stream
from domain.skill.state import skill_stream
from queries.chat_installations import ChatInstallations, chat_installations
from tests.kit.read_side import ReadSide
from tests.projections.stories import Story

pytestmark = pytest.mark.anyio

MINJI = Actor(kind="api_key", id="key-2", name="minji", role=Role.OPERATOR)
KBO, OTHER = skill_stream("kbo-results"), skill_stream("other")
OPENAI, CLAUDE, GEMINI = (provider_stream(name) for name in ("openai", "claude", "gemini"))


class Told(Story):
    """Live: kbo-results at openai and claude, where it is missing, asked for by minji; other at openai, which is being removed."""

    def __init__(self) -> None:
        super().__init__()
        for skill in ("kbo-results", "other"):
            self.publish(skill)
        for name in ("openai", "claude", "gemini"):
            self.connect(name)
        self.default_actor = MINJI
        self.first = self.run(1, "openai", "claude")
        self.default_actor = Actor(kind="system", id="installer", name="installer")
        for name in ("openai", "claude"):
            self.first.start(name).succeed(name)
        self.run(2, "openai", skill="other").start("openai").succeed("openai")
        self.check("claude", "missing")
        self.removed = self.removal(3, "openai", skill="other")


@pytest.fixture(scope="module")
async def told(side: ReadSide) -> Told:
    story = Told()
    await side.tell(story.events)
    return story


async def look(side: ReadSide, *, limit: int = 10, **wanted: tuple[UUID, ...]) -> Any:
    return await chat_installations(side.reader, ChatInstallations(limit=limit, **wanted))


async def test_what_is_live_is_found_and_where_nothing_is(side: ReadSide, told: Told) -> None:
    kbo = [("kbo-results", "claude"), ("kbo-results", "openai")]
    expected: list[tuple[dict[str, Any], list[tuple[str, str]], list[tuple[str, str]]]] = [
        ({}, [("other", "openai"), *kbo], []),
        ({"skills": (KBO,)}, kbo, []),
        ({"providers": (OPENAI, CLAUDE)}, [("other", "openai"), *kbo], []),
        ({"skills": (KBO,), "providers": (OPENAI,)}, kbo[1:], []),
        ({"skills": (KBO,), "providers": (GEMINI,)}, [], [("kbo-results", "gemini")]),
        (
            {"skills": (KBO, OTHER), "providers": (OPENAI, CLAUDE, GEMINI)},
            [("other", "openai"), *kbo],
            [("kbo-results", "gemini"), ("other", "claude"), ("other", "gemini")],
        ),
        ({"skills": (skill_stream("nothing"),), "providers": (OPENAI,)}, [], []),
    ]
    for wanted, live, absent in expected:
        found = await look(side, **wanted)
        assert [(one.skill, one.provider) for one in found.items] == live, wanted
        assert list(found.absent) == absent, wanted
        assert not found.more


async def test_who_asked_for_it_is_told_and_not_who_did_it(side: ReadSide, told: Told) -> None:
    other, claude, openai = (await look(side)).items
    assert openai == InstallationFact(
        id=installation_stream(KBO, OPENAI),
        skill="kbo-results",
        provider="openai",
        version=1,
        drift="none",
        run_id=told.first.id,
        at=openai.at,
        by="minji",
        active_run_id=None,
    )
    assert (claude.drift, claude.by) == ("missing", "minji")
    assert (other.by, other.active_run_id) == ("installer", told.removed.id)


async def test_of_a_cut_list_nobody_can_say_where_nothing_is(side: ReadSide, told: Told) -> None:
    cut = await look(side, limit=2, skills=(KBO, OTHER), providers=(OPENAI, CLAUDE, GEMINI))
    assert (len(cut.items), cut.more, cut.absent) == (2, True, ())
    few = await look(side, limit=1, skills=(OTHER,), providers=(CLAUDE, GEMINI))
    assert few.absent == (("other", "claude"),)
