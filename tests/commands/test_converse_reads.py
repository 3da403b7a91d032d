"""What is looked up for those who only ask."""

from typing import Any
from uuid import UUID

import pytest

from commands.chatting.reading import FOUND_MAX
from commands.chatting.request import Answered
from domain.chat.facts import HelpFound, InstallationsFound, ProvidersFound, RunsFound, SkillsFound, StatusFound
from domain.chat.intent import Action, Listed
from domain.chat.reasons import Reason
from domain.chat.said import Deed, Pick, RunPick, Said
from domain.install_run.state import RunStatus
from domain.provider.events import ProviderDeactivated
from tests.commands.chats import BERT, Chat, heard
from tests.commands.world import NAME, World

pytestmark = pytest.mark.anyio

LAST = RunPick(last=True)


@pytest.fixture
async def chat(world: World) -> Chat:
    await world.register(name="weather")
    return Chat(world)


def listing(listed: Listed | None, *skills: str, **more: Any) -> Said:
    return heard(Action.LIST, *skills, listed=listed, **more)


async def runs(chat: Chat, said: Said) -> list[UUID]:
    found = await chat.found(said)
    assert isinstance(found, RunsFound)
    return [run.id for run in found.items]


async def places(chat: Chat, said: Said) -> set[tuple[str, str]]:
    found = await chat.found(said)
    assert isinstance(found, InstallationsFound | StatusFound)
    live = found.items if isinstance(found, InstallationsFound) else found.installations
    return {(one.skill, one.provider) for one in live}


async def status(chat: Chat, said: Said) -> tuple[list[UUID], set[tuple[str, str]], tuple[tuple[str, str], ...]]:
    found = await chat.found(said)
    assert isinstance(found, StatusFound)
    return [run.id for run in found.runs], await places(chat, said), found.absent


async def test_how_it_stands_is_first_that_of_the_last_message_that_began_something(chat: Chat) -> None:
    assert await status(chat, heard(Action.STATUS)) == ([], set(), ())
    await chat.install("backup")
    queued = await chat.queue("openai")
    await chat.queue("backup", by=BERT)
    assert await status(chat, heard(Action.STATUS)) == ([queued], set(), ())
    begun = await chat.say("install weather on openai")
    await chat.queue("backup", skill="weather")
    await chat.say("release-notes 설치하지 마")
    assert (await status(chat, heard(Action.STATUS)))[0] == list(begun.run_ids)
    assert len(begun.run_ids) == 1


async def test_how_something_stands_is_what_is_at_work_or_ended_last_and_what_is_live(chat: Chat) -> None:
    await chat.install("openai")
    await chat.install("openai")
    await chat.install("backup", skill="weather")
    working = await chat.queue("backup", by=BERT)
    last, live, absent = await status(chat, heard(Action.STATUS, NAME))
    assert (last, live, absent) == ([working], {(NAME, "openai")}, ())
    another = await chat.queue("openai")
    assert (await status(chat, heard(Action.STATUS, NAME)))[0] == [another, working]
    await chat.world.cancel(another)
    await chat.world.carry_out(working, "backup")
    assert (await status(chat, heard(Action.STATUS, NAME)))[0] == [another]
    assert (await status(chat, heard(Action.STATUS, at=("openai",))))[:2] == ([another], {(NAME, "openai")})


async def test_where_it_is_not_is_said_of_pairs_that_were_named(chat: Chat) -> None:
    await chat.install("openai")
    said = heard(Action.STATUS, NAME, at=("openai", "backup"))
    assert (await status(chat, said))[1:] == ({(NAME, "openai")}, ((NAME, "backup"),))
    assert (await status(chat, heard(Action.STATUS, NAME, at=("all",))))[2] == ()
    said = listing(Listed.INSTALLATIONS, "weather", at=("backup",))
    assert (await chat.found(said)).absent == (("weather", "backup"),)
    said = listing(Listed.INSTALLATIONS, "weather", providers=Pick(every=True, excepted=("openai",)))
    assert (await chat.found(said)).absent == ()


@pytest.mark.parametrize("action", [Action.STATUS, Action.SHOW])
async def test_a_run_is_shown_by_its_id_and_the_last_one_without(chat: Chat, action: Action) -> None:
    mine = await chat.queue("openai")
    theirs = await chat.queue("backup", by=BERT)
    for picked, run_id in ((LAST, mine), (RunPick(ids=(str(theirs),)), theirs)):
        answered = await chat.plan(heard(action, runs=picked))
        assert isinstance(answered, Answered)
        found = answered.found
        assert isinstance(found, StatusFound | RunsFound)
        shown = found.runs if isinstance(found, StatusFound) else found.items
        assert ([run.id for run in shown], answered.intent.run_id) == ([run_id], run_id)
    assert (await chat.unclear(heard(action, runs=RunPick(ids=("01234567",))))).reason is Reason.UNKNOWN_RUN


async def test_runs_are_listed_by_what_is_named_the_newest_first(chat: Chat) -> None:
    first = await chat.install("openai")
    second = await chat.queue("backup", by=BERT)
    third = await chat.queue("openai", skill="weather")
    await chat.world.fail(third)
    assert await runs(chat, listing(Listed.RUNS)) == [third, second, first]
    assert await runs(chat, listing(Listed.RUNS, NAME)) == [second, first]
    assert await runs(chat, listing(Listed.RUNS, at=("openai",))) == [third, first]
    assert await runs(chat, listing(Listed.RUNS, runs=LAST)) == [third]
    failed = (RunStatus.FAILED, RunStatus.PARTIAL_FAILED)
    for said in (
        listing(Listed.RUNS, statuses=failed),
        listing(None, statuses=failed),
        heard(Action.SHOW, statuses=failed),
    ):
        assert await runs(chat, said) == [third]
    assert [run.id for run in (await chat.found(heard(Action.STATUS, statuses=failed))).runs] == [third]


async def test_what_is_live_is_listed_by_what_is_named(chat: Chat) -> None:
    await chat.install("openai", "backup")
    await chat.install("backup", skill="weather")
    both = {(NAME, "openai"), (NAME, "backup")}
    other = {("weather", "backup")}
    assert await places(chat, listing(Listed.INSTALLATIONS)) == await places(chat, listing(None)) == both | other
    assert await places(chat, listing(Listed.PROVIDERS, NAME)) == both
    assert await places(chat, listing(Listed.SKILLS, at=("backup",))) == {(NAME, "backup")} | other
    said = listing(Listed.INSTALLATIONS, skills=Pick(every=True, excepted=(NAME,)))
    assert await places(chat, said) == other


async def test_skills_and_connections_are_listed(chat: Chat) -> None:
    answered = await chat.plan(listing(Listed.SKILLS, "all"))
    assert isinstance(answered, Answered)
    assert isinstance(answered.found, SkillsFound)
    assert ([skill.name for skill in answered.found.items], answered.intent.listed) == (
        [NAME, "weather"],
        Listed.SKILLS,
    )
    found = await chat.found(listing(Listed.SKILLS, "weather"))
    assert isinstance(found, SkillsFound)
    assert [(skill.name, skill.version) for skill in found.items] == [("weather", 1)]
    found = await chat.found(listing(Listed.PROVIDERS))
    assert isinstance(found, ProvidersFound)
    assert [provider.name for provider in found.items] == ["openai", "backup"]
    assert [one.name for one in (await chat.found(listing(Listed.PROVIDERS, at=("backup",)))).items] == ["backup"]
    await chat.world.archive()
    assert [skill.name for skill in (await chat.found(listing(Listed.SKILLS, "all"))).items] == ["weather"]
    assert [skill.archived for skill in (await chat.found(listing(Listed.SKILLS, NAME))).items] == [True]


async def test_a_skill_is_shown_as_it_stands_and_a_connection_as_it_is(chat: Chat) -> None:
    run_id = await chat.install("openai")
    for said in (heard(Action.SHOW, NAME), heard(Action.SHOW, NAME, at=("openai",))):
        assert (await status(chat, said))[:2] == ([run_id], {(NAME, "openai")})
    found = await chat.found(heard(Action.SHOW, at=("backup",)))
    assert isinstance(found, ProvidersFound)
    assert [provider.name for provider in found.items] == ["backup"]
    assert (await chat.unclear(heard(Action.SHOW))).reason is Reason.MISSING_RUN


async def test_who_did_it_is_told_by_what_is_named(chat: Chat) -> None:
    mine = await chat.queue("openai")
    theirs = await chat.queue("backup", by=BERT, skill="weather")
    for said, run_ids in (
        (heard(Action.WHO, deed=Deed.INSTALL), [theirs, mine]),
        (heard(Action.WHO, NAME), [mine]),
        (heard(Action.WHO, at=("backup",)), [theirs]),
        (heard(Action.WHO, runs=RunPick(ids=(str(theirs),))), [theirs]),
        (heard(Action.WHO, runs=LAST), [mine]),
        (heard(Action.WHO, "all", deed=Deed.CANCEL), []),
    ):
        assert [deed.run_id for deed in (await chat.found(said)).items] == run_ids


async def test_what_can_be_said_is_told_with_names_that_exist(chat: Chat, empty: World) -> None:
    await chat.world.archive()
    await chat.world.happen_to("openai", ProviderDeactivated(requested=True))
    answered = (await chat.say("help")).outcome
    assert (answered.accepted, answered.found) == (True, HelpFound(skill="weather", provider="backup"))


@pytest.mark.parametrize("message", ["list the skills", "스킬 목록 보여줘", "which skills are there?"])
async def test_whoever_asks_for_the_skills_gets_all_of_them(chat: Chat, message: str) -> None:
    found = (await chat.say(message)).outcome.found
    assert isinstance(found, SkillsFound)
    assert [skill.name for skill in found.items] == [NAME, "weather"]


async def test_whoever_asks_for_one_skill_gets_that_one(chat: Chat) -> None:
    found = (await chat.say("show skill weather")).outcome.found
    assert isinstance(found, SkillsFound)
    assert [skill.name for skill in found.items] == ["weather"]


async def test_nobody_has_to_have_anything_to_be_told_what_can_be_said(empty: World) -> None:
    assert (await Chat(empty).say("help")).outcome.found == HelpFound()


async def test_there_are_others_is_said(chat: Chat) -> None:
    for number in range(2, FOUND_MAX):
        await chat.world.register(name=f"skill-{number}")
    for more in (False, True):
        found = await chat.found(listing(Listed.SKILLS, "all"))
        assert (len(found.items), found.more) == (FOUND_MAX, more)
        await chat.world.register(name="one-too-many")
