"""What is planned when something shall be removed, or taken back: what is live, and nothing that came since."""

from uuid import UUID

import pytest

from commands.chatting.planning import asks_first
from commands.chatting.request import Planned, short_ids
from domain.chat.intent import Action
from domain.chat.plan import InstallStep, PinnedProvider, Plan, RollbackStep, Skipped, UninstallStep
from domain.chat.reasons import Reason
from domain.chat.said import Pick, RunPick, Said
from domain.errors import Code
from domain.installation.state import installation_stream
from domain.provider.events import ProviderDeactivated
from domain.provider.state import provider_stream
from tests.commands.chats import BERT, Chat, heard, left_out
from tests.commands.world import NAME, SKILL_ID, World

pytestmark = pytest.mark.anyio

OUT_OF_USE = ProviderDeactivated(requested=True)
LAST = RunPick(last=True)


@pytest.fixture
def chat(world: World) -> Chat:
    return Chat(world)


def removed(planned: Planned) -> list[tuple[str, str, UUID]]:
    """What, where, and put there by which run."""
    steps = [step for step in planned.plan.steps if isinstance(step, UninstallStep)]
    assert len(steps) == len(planned.plan.steps) == len({step.run_id for step in steps})
    return [(step.skill, step.provider, step.installed_by) for step in steps]


def taken_back(planned: Planned) -> list[tuple[UUID, list[str]]]:
    """Which runs, and where."""
    steps = [step for step in planned.plan.steps if isinstance(step, RollbackStep)]
    assert len(steps) == len(planned.plan.steps) == len({step.run_id for step in steps})
    return [(step.taken_back, [provider.name for provider in step.providers]) for step in steps]


def this(run_id: UUID) -> RunPick:
    return RunPick(ids=(str(run_id),))


async def test_what_is_live_is_removed_where_it_was_named(chat: Chat) -> None:
    run_id = await chat.install("openai", "backup")
    planned = await chat.planned(heard(Action.UNINSTALL, NAME, at=("openai",)))
    (step,) = planned.plan.steps
    assert isinstance(step, UninstallStep)
    assert step.installation_id == installation_stream(SKILL_ID, provider_stream("openai"))
    assert (removed(planned), step.version, planned.plan.skipped) == ([(NAME, "openai", run_id)], 1, ())


async def test_without_a_place_it_is_removed_wherever_it_is(chat: Chat) -> None:
    run_id = await chat.install("openai", "backup")
    everywhere = [(NAME, "backup", run_id), (NAME, "openai", run_id)]
    for said in (heard(Action.UNINSTALL, NAME), heard(Action.UNINSTALL, NAME, at=("all",))):
        assert sorted(removed(await chat.planned(said))) == everywhere


async def test_everything_is_whatever_is_live_also_of_archived_skills(chat: Chat) -> None:
    await chat.world.register(name="weather")
    run_id = await chat.install("openai")
    other = await chat.install("backup", skill="weather")
    await chat.world.archive()
    everything = [(NAME, "openai", run_id), ("weather", "backup", other)]
    for said in (heard(Action.UNINSTALL, either=Pick(every=True)), heard(Action.UNINSTALL, "all", at=("all",))):
        assert sorted(removed(await chat.planned(said))) == everything
    assert removed(await chat.planned(heard(Action.UNINSTALL, "all", at=("openai",)))) == everything[:1]


async def test_what_is_excepted_stays(chat: Chat) -> None:
    await chat.world.register(name="weather")
    await chat.install("openai", "backup")
    other = await chat.install("backup", skill="weather")
    await chat.world.connect("lab")
    said = heard(Action.UNINSTALL, skills=Pick(every=True, excepted=(NAME,)))
    assert removed(await chat.planned(said)) == [("weather", "backup", other)]
    said = heard(Action.UNINSTALL, NAME, providers=Pick(every=True, excepted=("openai",)))
    planned = await chat.planned(said)
    assert ([where for _, where, _ in removed(planned)], planned.plan.skipped) == (["backup"], ())


async def test_everywhere_but_everywhere_is_nowhere(chat: Chat) -> None:
    await chat.install("openai", "backup")
    nowhere = Pick(every=True, excepted=("openai", "backup"))
    for action in (Action.UNINSTALL, Action.ROLLBACK, Action.CANCEL):
        assert (await chat.unclear(heard(action, NAME, providers=nowhere))).reason is Reason.NOTHING_TO_DO


async def test_where_it_is_not_is_said_of_places_that_were_named(chat: Chat) -> None:
    await chat.install("openai")
    planned = await chat.planned(heard(Action.UNINSTALL, NAME, at=("openai", "backup")))
    nowhere = left_out(Reason.NOTHING_TO_DO, at="backup")
    assert ([where for _, where, _ in removed(planned)], planned.plan.skipped) == (["openai"], (nowhere,))
    for at in (("all",), ()):
        assert (await chat.planned(heard(Action.UNINSTALL, NAME, at=at))).plan.skipped == ()
    planned = await chat.planned(heard(Action.UNINSTALL, NAME, at=("backup",)))
    assert planned.plan == Plan(skipped=(nowhere,))


async def test_what_is_nowhere_leaves_nothing_to_do(chat: Chat) -> None:
    assert (await chat.planned(heard(Action.UNINSTALL, NAME))).plan == Plan()
    for said in (heard(Action.UNINSTALL), heard(Action.UNINSTALL, runs=RunPick(every=True))):
        assert (await chat.unclear(said)).reason is Reason.MISSING_SKILL


async def test_an_inactive_connection_keeps_what_it_has_and_that_is_said(chat: Chat) -> None:
    await chat.install("openai", "backup")
    await chat.world.happen_to("openai", OUT_OF_USE)
    planned = await chat.planned(heard(Action.UNINSTALL, NAME))
    inactive = left_out(Reason.PROVIDER_INACTIVE, at="openai", code=Code.CONFLICT_PROVIDER)
    assert ([where for _, where, _ in removed(planned)], planned.plan.skipped) == (["backup"], (inactive,))


async def test_what_is_being_removed_is_left_to_the_run_that_does_it(chat: Chat) -> None:
    await chat.install("openai", "backup")
    run_id = (await chat.world.uninstall()).run_id
    planned = await chat.planned(heard(Action.UNINSTALL, NAME))
    removing = left_out(Reason.ALREADY_RUNNING, at="openai", run_id=run_id)
    assert ([where for _, where, _ in removed(planned)], planned.plan.skipped) == (["backup"], (removing,))
    said = await chat.say(f"uninstall {NAME} from openai")
    assert (said.outcome.accepted, said.run_ids) == (True, (run_id,))


async def test_what_is_about_to_be_replaced_is_not_removed(chat: Chat) -> None:
    await chat.install("openai")
    await chat.world.register("two")
    run_id = await chat.queue("openai")
    planned = await chat.planned(heard(Action.UNINSTALL, NAME))
    assert planned.plan == Plan(skipped=(left_out(Reason.REFUSED, at="openai", run_id=run_id, code=Code.CONFLICT_RUN),))


@pytest.mark.parametrize("ref", ["2", "v2", "latest", "stable"])
async def test_only_the_version_that_is_named_is_removed(chat: Chat, ref: str) -> None:
    await chat.install("openai")
    await chat.world.register("two")
    await chat.label("stable", 2)
    second = await chat.install("backup")
    planned = await chat.planned(heard(Action.UNINSTALL, f"{NAME}@{ref}"))
    other = left_out(Reason.NOTHING_TO_DO, at="openai")
    assert (removed(planned), planned.plan.skipped) == ([(NAME, "backup", second)], (other,))


async def test_what_a_run_put_there_is_removed(chat: Chat) -> None:
    await chat.install("backup")
    last = await chat.install("openai")
    for runs in (LAST, this(last)):
        assert removed(await chat.planned(heard(Action.UNINSTALL, runs=runs))) == [(NAME, "openai", last)]
    unclear = await chat.unclear(heard(Action.UNINSTALL, runs=RunPick(ids=("01234567",))))
    assert unclear.reason is Reason.UNKNOWN_RUN


async def test_more_places_than_a_plan_takes_are_too_many(chat: Chat) -> None:
    for number in range(26):
        await chat.world.register(name=f"skill-{number}")
        await chat.install("openai", "backup", skill=f"skill-{number}")
    assert (await chat.unclear(heard(Action.UNINSTALL, "all"))).reason is Reason.TOO_MANY


async def test_the_run_whose_work_is_live_is_taken_back(chat: Chat) -> None:
    await chat.install("openai", "backup")
    await chat.world.register("two")
    second = await chat.install("openai", "backup", by=BERT)
    for said in (
        heard(Action.ROLLBACK, NAME),
        heard(Action.ROLLBACK, runs=this(second)),
        heard(Action.ROLLBACK, at=("all",), skills=heard(Action.ROLLBACK, NAME).skills),
    ):
        planned = await chat.planned(said)
        assert (taken_back(planned), planned.intent.run_id) == ([(second, ["openai", "backup"])], second)
    planned = await chat.planned(heard(Action.ROLLBACK, NAME, at=("backup",)))
    (step,) = planned.plan.steps
    assert isinstance(step, RollbackStep)
    assert (step.providers, step.version) == ((PinnedProvider(id=provider_stream("backup"), name="backup"),), 2)
    assert planned.plan.skipped == ()


async def test_the_last_run_is_that_of_whoever_asks(chat: Chat) -> None:
    mine = await chat.install("openai")
    await chat.install("backup", by=BERT)
    assert taken_back(await chat.planned(heard(Action.ROLLBACK, runs=LAST))) == [(mine, ["openai"])]


async def test_of_several_runs_none_is_guessed_unless_the_places_are_named(chat: Chat) -> None:
    both = [await chat.install("openai"), await chat.install("backup")]
    for said in (heard(Action.ROLLBACK, NAME), heard(Action.ROLLBACK, at=("openai", "backup"))):
        unclear = await chat.unclear(said)
        assert (unclear.reason, sorted(unclear.candidates)) == (Reason.AMBIGUOUS_RUN, sorted(short_ids(both)))
    for at in (("openai", "backup"), ("all",)):
        planned = await chat.planned(heard(Action.ROLLBACK, NAME, at=at))
        assert taken_back(planned) == [(both[1], ["backup"]), (both[0], ["openai"])]


async def test_nothing_is_taken_back_without_a_name(chat: Chat) -> None:
    mine = await chat.install("openai")
    await chat.install("backup", by=BERT)
    await chat.queue("openai")
    every = heard(Action.ROLLBACK, either=Pick(every=True))
    for said in (heard(Action.ROLLBACK), every, heard(Action.ROLLBACK, "all")):
        unclear = await chat.unclear(said)
        assert (unclear.reason, unclear.candidates) == (Reason.MISSING_RUN, short_ids([mine]))
    await chat.world.register(name="weather")
    assert (await chat.unclear(heard(Action.ROLLBACK, "weather", at=("backup",)))).reason is Reason.NOTHING_TO_DO


async def test_what_came_since_is_not_taken_back(chat: Chat) -> None:
    first = await chat.install("openai", "backup")
    await chat.world.register("two")
    await chat.install("openai")
    planned = await chat.planned(heard(Action.ROLLBACK, runs=this(first)))
    since = left_out(Reason.NOTHING_TO_DO, at="openai", run_id=first)
    assert (taken_back(planned), planned.plan.skipped) == ([(first, ["backup"])], (since,))


async def test_what_cannot_be_taken_back_is_said(chat: Chat) -> None:
    run_id = await chat.install("openai", "backup")
    at_work = await chat.queue("openai")
    await chat.world.happen_to("backup", OUT_OF_USE)
    planned = await chat.planned(heard(Action.ROLLBACK, NAME))
    skipped = (
        left_out(Reason.REFUSED, at="openai", run_id=at_work, code=Code.CONFLICT_RUN),
        left_out(Reason.PROVIDER_INACTIVE, at="backup", run_id=run_id, code=Code.CONFLICT_PROVIDER),
    )
    assert planned.plan == Plan(skipped=skipped)


async def test_a_run_that_is_no_install_or_has_not_ended_is_not_taken_back(chat: Chat) -> None:
    await chat.install("openai")
    for run_id in ((await chat.world.uninstall()).run_id, await chat.queue("backup")):
        planned = await chat.planned(heard(Action.ROLLBACK, runs=this(run_id)))
        assert planned.plan == Plan(skipped=(left_out(Reason.REFUSED, run_id=run_id, code=Code.CONFLICT_RUN),))


async def test_going_back_to_a_version_is_installing_that_one_where_another_is(chat: Chat) -> None:
    await chat.install("openai", "backup")
    await chat.world.register("two")
    second = await chat.install("openai")
    await chat.world.connect("lab")
    for at in ((), ("openai",)):
        planned = await chat.planned(heard(Action.ROLLBACK, f"{NAME}@1", at=at))
        (step,) = planned.plan.steps
        assert isinstance(step, InstallStep)
        assert (step.version, [provider.name for provider in step.providers]) == (1, ["openai"])
    planned = await chat.planned(heard(Action.ROLLBACK, f"{NAME}@2", at=("openai",)))
    assert taken_back(planned) == [(second, ["openai"])]


async def test_a_version_of_one_skill_says_nothing_about_another(chat: Chat) -> None:
    await chat.world.register(name="weather")
    await chat.install("openai")
    await chat.world.register("two")
    said = heard(Action.ROLLBACK, f"{NAME}@2", "weather")
    assert (await chat.unclear(said)).reason is Reason.SEVERAL_ACTIONS
    assert (await chat.unclear(heard(Action.ROLLBACK, "weather@1"))).reason is Reason.NOTHING_TO_DO


async def test_each_skill_goes_back_to_its_version_where_it_is_and_nowhere_else(chat: Chat) -> None:
    for name in (NAME, "weather"):
        await chat.world.register(name=name)
        await chat.world.register("two", name=name)
    await chat.install("openai")
    await chat.install("backup", skill="weather")
    planned = await chat.planned(heard(Action.ROLLBACK, f"{NAME}@1", "weather@1"))
    steps = [step for step in planned.plan.steps if isinstance(step, InstallStep)]
    assert [(step.skill, step.version, step.providers[0].name) for step in steps] == [
        (NAME, 1, "openai"),
        ("weather", 1, "backup"),
    ]
    planned = await chat.planned(heard(Action.ROLLBACK, f"{NAME}@1", "weather@1", at=("openai",)))
    assert [(one.skill, one.provider) for one in planned.plan.skipped] == [("weather", "openai")]
    await chat.world.register(name="pdf")
    planned = await chat.planned(heard(Action.ROLLBACK, f"{NAME}@1", "pdf@1"))
    assert planned.plan.skipped == (Skipped(skill="pdf", reason=Reason.NOTHING_TO_DO),)


async def test_where_nothing_is_to_be_taken_back_is_said_of_places_that_were_named(chat: Chat) -> None:
    run_id = await chat.install("openai")
    planned = await chat.planned(heard(Action.ROLLBACK, NAME, at=("openai", "backup")))
    nowhere = left_out(Reason.NOTHING_TO_DO, at="backup")
    assert (taken_back(planned), planned.plan.skipped) == ([(run_id, ["openai"])], (nowhere,))


@pytest.mark.parametrize(
    "said",
    [heard(Action.UNINSTALL, NAME), heard(Action.ROLLBACK, NAME), heard(Action.ROLLBACK, f"{NAME}@1")],
    ids=["uninstall", "rollback", "rollback_to_a_version"],
)
async def test_what_takes_away_is_always_asked_about(chat: Chat, said: Said) -> None:
    await chat.install("openai")
    request = await chat.request(said)
    planned = await chat.plan_of(request)
    assert isinstance(planned, Planned)
    assert planned.plan.steps
    assert asks_first(request, planned.plan, parser="grammar")
