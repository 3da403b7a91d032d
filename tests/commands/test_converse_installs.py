"""What is planned when something shall be installed: what would not work is left out and said, never passed over in silence."""

import pytest
from msgspec.structs import replace

from commands.chatting.planning import asks_first
from commands.chatting.request import Planned
from domain.chat.intent import Action, Parser
from domain.chat.plan import InstallStep, PinnedProvider, Plan
from domain.chat.reasons import Reason
from domain.chat.said import Pick, Said
from domain.errors import Code
from domain.provider.events import ProviderDeactivated
from domain.provider.state import provider_stream
from tests.commands.chats import ANNA, BERT, Chat, context_of, heard, left_out
from tests.commands.world import NAME, SKILL_ID, TIGHT_BYTES, World

pytestmark = pytest.mark.anyio

OPENAI = PinnedProvider(id=provider_stream("openai"), name="openai")
BACKUP = PinnedProvider(id=provider_stream("backup"), name="backup")
ONE = heard(Action.INSTALL, NAME, at=("openai",))
BOTH = heard(Action.INSTALL, NAME, at=("openai", "backup"))


@pytest.fixture
def chat(world: World) -> Chat:
    return Chat(world)


def places(planned: Planned) -> dict[str, list[str]]:
    """By skill."""
    steps = [step for step in planned.plan.steps if isinstance(step, InstallStep)]
    assert len(steps) == len(planned.plan.steps) == len({step.run_id for step in steps})
    return {f"{step.skill}@{step.version}": [provider.name for provider in step.providers] for step in steps}


async def test_one_skill_is_one_run_with_everything_pinned(chat: Chat) -> None:
    await chat.world.register("two")
    planned = await chat.planned(BOTH)
    (step,) = planned.plan.steps
    assert isinstance(step, InstallStep)
    digest = (await chat.rest.preview(skill=SKILL_ID, ref="2", providers=(OPENAI.id,), context=context_of(ANNA))).digest
    assert (step.skill_id, step.version, step.digest) == (SKILL_ID, 2, digest)
    assert (step.providers, planned.plan.skipped) == ((OPENAI, BACKUP), ())


async def test_several_skills_are_a_run_each_in_their_own_versions(chat: Chat) -> None:
    await chat.world.register("two")
    await chat.world.register(name="weather")
    said = heard(Action.INSTALL, f"{NAME}@1", "weather", at=("all",))
    assert places(await chat.planned(said)) == {f"{NAME}@1": ["openai", "backup"], "weather@1": ["openai", "backup"]}


async def test_a_digest_that_no_version_has_is_unknown(chat: Chat) -> None:
    unclear = await chat.unclear(heard(Action.INSTALL, f"{NAME}@{'ab' * 6}", at=("openai",)))
    assert (unclear.reason, unclear.unknown) == (Reason.UNKNOWN_VERSION, ("ab" * 6,))
    assert unclear.candidates == (f"{NAME}@1",)


async def test_an_inactive_connection_is_left_out_and_said(chat: Chat) -> None:
    await chat.world.happen_to("openai", ProviderDeactivated(requested=True))
    planned = await chat.planned(BOTH)
    inactive = left_out(Reason.PROVIDER_INACTIVE, at="openai", code=Code.CONFLICT_PROVIDER)
    assert (places(planned), planned.plan.skipped) == ({f"{NAME}@1": ["backup"]}, (inactive,))
    alone = await chat.planned(heard(Action.INSTALL, NAME, at=("openai",)))
    assert alone.plan == Plan(skipped=(inactive,))


async def test_what_a_provider_would_refuse_is_left_out_and_said(chat: Chat) -> None:
    await chat.world.register("x" * TIGHT_BYTES)
    await chat.world.connect("gemini", kind="gemini", base_agent="agents/one")
    planned = await chat.planned(heard(Action.INSTALL, NAME, at=("gemini", "openai")))
    refused = left_out(Reason.REFUSED, at="gemini", code=Code.PROVIDER_TOO_LARGE)
    assert (places(planned), planned.plan.skipped) == ({f"{NAME}@2": ["openai"]}, (refused,))


async def test_what_a_run_is_at_already_is_left_to_it(chat: Chat) -> None:
    run_id = await chat.queue("openai", by=BERT)
    running = left_out(Reason.ALREADY_RUNNING, at="openai", run_id=run_id)
    planned = await chat.planned(BOTH)
    assert (places(planned), planned.plan.skipped) == ({f"{NAME}@1": ["backup"]}, (running,))
    alone = await chat.planned(heard(Action.INSTALL, NAME, at=("openai",)))
    assert alone.plan == Plan(skipped=(running,))


async def test_another_version_that_is_on_its_way_is_waited_for(chat: Chat) -> None:
    await chat.queue("openai")
    await chat.world.register("two")
    assert places(await chat.planned(heard(Action.INSTALL, NAME, at=("openai",)))) == {f"{NAME}@2": ["openai"]}


async def test_what_is_live_already_is_left_out_where_something_else_is_to_be_done(chat: Chat) -> None:
    await chat.install("openai")
    planned = await chat.planned(BOTH)
    live = left_out(Reason.ALREADY_INSTALLED, at="openai")
    assert (places(planned), planned.plan.skipped) == ({f"{NAME}@1": ["backup"]}, (live,))


async def test_what_is_live_already_is_asked_of_the_provider_where_nothing_else_is_to_be_done(chat: Chat) -> None:
    await chat.install("openai", "backup")
    planned = await chat.planned(BOTH)
    assert (places(planned), planned.plan.skipped) == ({f"{NAME}@1": ["openai", "backup"]}, ())


async def test_what_is_live_and_about_to_be_removed_is_installed(chat: Chat) -> None:
    await chat.install("openai")
    await chat.world.uninstall()
    planned = await chat.planned(BOTH)
    assert (places(planned), planned.plan.skipped) == ({f"{NAME}@1": ["openai", "backup"]}, ())


async def test_what_is_archived_while_it_is_looked_at_is_left_out_and_said(chat: Chat) -> None:
    await chat.world.register(name="weather")
    said = heard(Action.INSTALL, NAME, "weather", at=("openai",))
    request = await chat.request(said)
    await chat.world.archive()
    planned = await chat.plan_of(request)
    archived = left_out(Reason.SKILL_ARCHIVED, code=Code.CONFLICT_SKILL)
    assert isinstance(planned, Planned)
    assert (places(planned), planned.plan.skipped) == ({"weather@1": ["openai"]}, (archived,))


async def test_a_run_takes_so_many_connections_and_no_more(chat: Chat) -> None:
    for number in range(18):
        await chat.world.connect(f"more-{number}")
    everywhere = heard(Action.INSTALL, NAME, at=("all",))
    assert len(places(await chat.planned(everywhere))[f"{NAME}@1"]) == 20
    await chat.world.connect("one-too-many")
    assert (await chat.unclear(everywhere)).reason is Reason.TOO_MANY


@pytest.mark.parametrize(
    ("skills", "at", "reason"),
    [((), ("openai",), Reason.MISSING_SKILL), ((NAME,), (), Reason.MISSING_PROVIDER)],
    ids=["no_skill", "no_provider"],
)
async def test_nobody_guesses_what_is_not_said(
    chat: Chat, skills: tuple[str, ...], at: tuple[str, ...], reason: Reason
) -> None:
    assert (await chat.unclear(heard(Action.INSTALL, *skills, at=at))).reason is reason


async def test_no_more_connections_are_verified_than_a_plan_takes(chat: Chat) -> None:
    for number in range(48):
        await chat.world.connect(f"more-{number}")
    everywhere = heard(Action.VERIFY, at=("all",))
    assert len((await chat.planned(everywhere)).plan.steps) == 50
    await chat.world.connect("one-too-many")
    assert (await chat.unclear(everywhere)).reason is Reason.TOO_MANY


async def test_everything_but_everything_is_nothing(chat: Chat) -> None:
    said = heard(Action.INSTALL, NAME, providers=Pick(every=True, excepted=("openai", "backup")))
    assert (await chat.unclear(said)).reason is Reason.NOTHING_TO_DO


async def asks(chat: Chat, said: Said, *, parser: Parser = "grammar") -> bool:
    request = await chat.request(said)
    planned = await chat.plan_of(request)
    assert isinstance(planned, Planned)
    return asks_first(request, planned.plan, parser=parser)


@pytest.mark.parametrize(
    ("said", "parser"),
    [
        (ONE, "model"),
        (replace(ONE, polite=True), "grammar"),
        (replace(ONE, unsure=("instal",)), "grammar"),
        (BOTH, "grammar"),
        (heard(Action.INSTALL, NAME, "weather", at=("openai",)), "grammar"),
    ],
    ids=["from_a_model", "polite", "unsure", "two_places", "two_skills"],
)
async def test_more_than_one_pair_or_any_doubt_is_asked_about(chat: Chat, said: Said, parser: Parser) -> None:
    await chat.world.register(name="weather")
    assert await asks(chat, said, parser=parser)


async def test_one_pair_or_one_that_is_left_is_not_asked_about(chat: Chat) -> None:
    assert not await asks(chat, ONE)
    await chat.install("openai")
    assert not await asks(chat, BOTH)
