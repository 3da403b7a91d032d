from datetime import timedelta

import pytest

from domain.chat.facts import ProviderFact, SkillFact
from domain.chat.ports import CATALOGUE_MAX, Catalogue
from domain.errors import Code
from domain.provider.events import ProviderActivated, ProviderPaused, ProviderVerificationFailed
from domain.provider.state import provider_stream
from domain.skill.events import SkillArchived, SkillLabelled, SkillRegistered
from domain.skill.state import skill_stream
from projections.skills import SKILLS
from queries.chat_catalogue import EXAMPLES_MAX, NEAR_MAX, ChatCatalogue, chat_catalogue
from tests.kit.read_side import ReadSide
from tests.projections.stories import Story

pytestmark = pytest.mark.anyio


class Told(Story):
    """Three skills, one of them archived, a fourth of which no version has come yet; connections in all states."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("kbo-results", "release-notes", "old-report", "kbo-results"):
            self.publish(name)
        self.add(skill_stream("kbo-results"), SkillLabelled(label="stable", version=1))
        self.add(skill_stream("old-report"), SkillArchived())
        self.connect("openai")
        self.connect("claude")
        self.add(provider_stream("openai"), ProviderActivated())
        self.add(provider_stream("openai"), ProviderPaused())
        self.add(provider_stream("claude"), ProviderVerificationFailed(code=Code.PROVIDER_FORBIDDEN, message="no"))
        self.connect("gemini")
        self.add(provider_stream("gemini"), ProviderPaused(until=self.now - timedelta(days=365)))
        self.add(skill_stream("half-here"), SkillRegistered(name="half-here"))


@pytest.fixture(scope="module", autouse=True)
async def told(side: ReadSide) -> None:
    await side.tell(Told().events)


async def look(side: ReadSide, *names: str, every: bool = False) -> Catalogue:
    return await chat_catalogue(side.reader, ChatCatalogue(names=frozenset(names), every=every))


async def test_the_skills_that_are_named_and_all_connections_are_known(side: ReadSide) -> None:
    found = await look(side, "kbo-results", "old-report", "half-here", "openai", "gpt")
    assert found.skills == {
        "kbo-results": SkillFact(
            id=skill_stream("kbo-results"), name="kbo-results", version=2, labels={"stable": 1}, archived=False
        ),
        "old-report": SkillFact(id=skill_stream("old-report"), name="old-report", version=1, labels={}, archived=True),
    }
    openai, claude, gemini = found.providers
    assert openai == ProviderFact(
        id=provider_stream("openai"), name="openai", kind="openai", active=True, paused=True, code=None
    )
    assert (claude.name, claude.active, claude.paused, claude.code) == (
        "claude",
        False,
        False,
        Code.PROVIDER_FORBIDDEN,
    )
    # Its time is over, though nobody has said so.
    assert not gemini.paused


async def test_all_skills_are_known_where_all_are_wanted_those_in_use_first(side: ReadSide) -> None:
    assert list((await look(side, every=True)).skills) == ["release-notes", "kbo-results", "old-report"]
    assert set((await look(side, "old-report", every=True)).skills) == {"kbo-results", "release-notes", "old-report"}
    assert (await look(side)).skills == {}


async def test_names_that_come_close_are_looked_for_only_where_one_is_unknown(side: ReadSide) -> None:
    assert (await look(side, "kbo-results", "claude")).skill_names == ("release-notes", "kbo-results")
    assert (await look(side, "kbo-resluts")).skill_names[0] == "kbo-results"
    assert (await look(side, "x")).skill_names == ("old-report", "kbo-results", "release-notes")
    both = await look(side, "크보", "relaese-notes")
    assert sorted(both.skill_names) == ["kbo-results", "old-report", "release-notes"]


async def test_of_thousands_of_skills_no_more_are_read_than_matter(side: ReadSide) -> None:
    """They are written as the projector would have, in less time."""
    await side.execute(
        f"""
        INSERT INTO {SKILLS.table}
        SELECT gen_random_uuid(), 'skill-' || md5(number::text), '', 1, '', '{{}}', '[]', false, now(), number, '[]', number
        FROM generate_series(1000, 10999) AS number
        """  # noqa: S608 - the name of a table of ours
    )
    found = await look(side, "kbo-resluts")
    assert "kbo-results" in found.skill_names
    assert len(found.skill_names) == NEAR_MAX
    assert len((await look(side, "kbo-results")).skill_names) == EXAMPLES_MAX
    assert len((await look(side, every=True)).skills) == CATALOGUE_MAX
