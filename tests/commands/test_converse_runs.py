"""Which runs are meant by those who want them cancelled or tried again, and what is said if that cannot be told."""

from uuid import UUID

import pytest

from commands.chatting.request import short_ids
from domain.chat.intent import Action
from domain.chat.plan import CancelStep, Plan
from domain.chat.reasons import Reason
from domain.chat.said import Pick, RunPick, Said
from domain.events import Actor
from domain.install_run.state import RunStatus
from tests.commands.chats import ANNA, BERT, Chat, heard, ids, left_out, meant
from tests.commands.world import NAME, World

pytestmark = pytest.mark.anyio

LAST = RunPick(last=True)
EVERY = RunPick(every=True)


@pytest.fixture
def chat(world: World) -> Chat:
    return Chat(world)


async def test_a_run_is_found_by_its_id_or_how_it_begins(chat: Chat) -> None:
    run_id = await chat.queue("openai", by=BERT)
    await chat.queue("backup")
    for text in (str(run_id), run_id.hex, run_id.hex[:8], str(run_id)[:13], run_id.hex.upper()):
        planned = await chat.planned(heard(Action.CANCEL, runs=ids(text)))
        step = CancelStep(cancelled=run_id, skill=NAME, version=1, providers=("openai",))
        assert (planned.plan, planned.intent.run_id) == (Plan(steps=(step,)), run_id)


@pytest.mark.parametrize("text", ["0" * 32, "01234567", "rm -rf /", "12", "g" * 32])
async def test_a_run_that_does_not_exist_is_unknown(chat: Chat, text: str) -> None:
    run_id = await chat.queue("openai")
    unclear = await chat.unclear(heard(Action.CANCEL, runs=ids(run_id, text)))
    assert (unclear.reason, unclear.unknown) == (Reason.UNKNOWN_RUN, (text,))


async def test_the_beginning_of_several_ids_is_ambiguous(chat: Chat) -> None:
    alike = [UUID(f"0198a7c2-1f00-7c3a-9a51-00000000000{number}") for number in range(2)]
    await chat.queue("openai", run_id=alike[0])
    await chat.queue("backup", run_id=alike[1])
    unclear = await chat.unclear(heard(Action.CANCEL, runs=ids("0198a7c2")))
    assert (unclear.reason, unclear.unknown) == (Reason.AMBIGUOUS_RUN, ("0198a7c2",))
    assert unclear.candidates == (alike[1].hex, alike[0].hex)


async def test_no_more_runs_are_named_than_may_be_touched(chat: Chat) -> None:
    said = heard(Action.CANCEL, runs=ids(*(f"{number:08x}" for number in range(51))))
    assert (await chat.unclear(said)).reason is Reason.TOO_MANY


def test_an_id_is_said_as_short_as_tells_it_from_the_others() -> None:
    one, two = UUID("0198a7c2-1f00-7c3a-9a51-0a1b2c3d4e5f"), UUID("0198a7c2-1f00-7c3b-9a51-0a1b2c3d4e5f")
    assert short_ids([one]) == ("0198a7c2",)
    assert short_ids([one, two]) == (one.hex[:16], two.hex[:16])
    assert len(short_ids([UUID(int=number << 96) for number in range(9)])) == 5


@pytest.mark.parametrize("action", [Action.CANCEL, Action.RETRY])
async def test_the_last_run_is_the_newest_of_whoever_asks(chat: Chat, action: Action) -> None:
    begin = chat.queue if action is Action.CANCEL else chat.fail
    mine = await begin("openai")
    await begin("backup", by=BERT)
    assert meant(await chat.planned(heard(action, runs=LAST))) == [mine]
    assert (await chat.unclear(heard(action, runs=LAST, at=("backup",)))).reason is Reason.UNKNOWN_RUN


async def test_the_last_one_of_what_is_named_may_be_an_older_one(chat: Chat) -> None:
    await chat.world.register(name="weather")
    mine = await chat.fail("openai")
    await chat.queue("backup", skill="weather")
    for said in (heard(Action.RETRY, NAME, runs=LAST), heard(Action.RETRY, statuses=(RunStatus.FAILED,), runs=LAST)):
        assert meant(await chat.planned(said)) == [mine]


async def test_the_last_run_that_has_ended_is_not_cancelled_nor_another_one(chat: Chat) -> None:
    await chat.queue("backup")
    ended = await chat.install("openai")
    planned = await chat.planned(heard(Action.CANCEL, runs=LAST))
    assert planned.plan == Plan(skipped=(left_out(Reason.NOTHING_TO_DO, run_id=ended),))


async def test_the_only_run_that_is_at_work_on_what_is_named_is_meant_whoever_asked_for_it(chat: Chat) -> None:
    theirs = await chat.queue("openai", by=BERT)
    await chat.install("backup")
    assert meant(await chat.planned(heard(Action.CANCEL, NAME))) == [theirs]
    assert meant(await chat.planned(heard(Action.CANCEL, at=("openai",)))) == [theirs]
    assert (await chat.unclear(heard(Action.CANCEL, at=("backup",)))).reason is Reason.NOTHING_TO_DO


async def test_of_several_that_fit_the_one_of_whoever_asks_is_meant(chat: Chat) -> None:
    mine = await chat.queue("openai")
    await chat.queue("backup", by=BERT)
    for said in (heard(Action.CANCEL), heard(Action.CANCEL, NAME)):
        assert meant(await chat.planned(said)) == [mine]


async def test_without_a_name_the_run_of_somebody_else_is_not_meant(chat: Chat) -> None:
    theirs = await chat.queue("openai", by=BERT)
    unclear = await chat.unclear(heard(Action.CANCEL))
    assert (unclear.reason, unclear.candidates) == (Reason.MISSING_RUN, short_ids([theirs]))
    assert (await chat.unclear(heard(Action.RETRY))).reason is Reason.NOTHING_TO_DO


@pytest.mark.parametrize("by", [ANNA, BERT], ids=["own", "of_others"])
async def test_several_runs_that_fit_are_told_by_how_their_ids_begin(chat: Chat, by: Actor) -> None:
    both = [await chat.queue(provider, by=by) for provider in ("openai", "backup")]
    unclear = await chat.unclear(heard(Action.CANCEL, NAME))
    assert (unclear.reason, set(unclear.candidates)) == (Reason.AMBIGUOUS_RUN, set(short_ids(both)))
    for run_id, candidate in zip(reversed(both), unclear.candidates, strict=True):
        assert meant(await chat.planned(heard(Action.CANCEL, runs=ids(candidate)))) == [run_id]


async def test_of_each_skill_that_is_named_one_run_is_meant(chat: Chat) -> None:
    await chat.world.register(name="weather")
    both = [await chat.queue("openai"), await chat.queue("openai", skill="weather")]
    assert meant(await chat.planned(heard(Action.CANCEL, NAME, "weather"))) == both
    await chat.world.cancel(both[1])
    assert (await chat.unclear(heard(Action.CANCEL, NAME, "weather"))).reason is Reason.NOTHING_TO_DO


@pytest.mark.parametrize(
    "every",
    [heard(Action.CANCEL, runs=EVERY), heard(Action.CANCEL, either=Pick(every=True)), heard(Action.CANCEL, "all")],
    ids=["runs", "everything", "skills"],
)
async def test_all_are_all_that_have_not_ended(chat: Chat, every: Said) -> None:
    assert (await chat.unclear(every)).reason is Reason.NOTHING_TO_DO
    await chat.install("openai")
    both = [await chat.queue("openai", by=BERT), await chat.queue("backup")]
    assert meant(await chat.planned(every)) == both[::-1]


@pytest.mark.parametrize(
    "said",
    [
        heard(Action.CANCEL, skills=Pick(every=True, excepted=(NAME,))),
        heard(Action.CANCEL, either=Pick(every=True, excepted=(NAME,))),
    ],
    ids=["skills", "either"],
)
async def test_a_skill_that_is_excepted_is_not_touched(chat: Chat, said: Said) -> None:
    await chat.world.register(name="weather")
    await chat.queue("openai")
    other = await chat.queue("openai", skill="weather")
    await chat.world.archive()
    assert meant(await chat.planned(said)) == [other]


async def test_a_version_that_is_named_tells_one_run_from_another(chat: Chat) -> None:
    first = await chat.queue("openai")
    await chat.world.register("two")
    second = await chat.queue("openai")
    assert (await chat.unclear(heard(Action.CANCEL, NAME))).reason is Reason.AMBIGUOUS_RUN
    for ref, run_id in (("1", first), ("latest", second)):
        assert meant(await chat.planned(heard(Action.CANCEL, f"{NAME}@{ref}"))) == [run_id]
    await chat.world.cancel(second)
    assert meant(await chat.planned(heard(Action.RETRY, f"{NAME}@2"))) == [second]
    assert (await chat.unclear(heard(Action.RETRY, f"{NAME}@1"))).reason is Reason.NOTHING_TO_DO


async def test_only_runs_of_a_status_are_cancelled_if_that_was_said(chat: Chat) -> None:
    queued, running = await chat.queue("openai"), await chat.queue("backup")
    await chat.world.start(running, "backup")
    for status, run_id in ((RunStatus.QUEUED, queued), (RunStatus.RUNNING, running)):
        assert meant(await chat.planned(heard(Action.CANCEL, statuses=(status,), runs=EVERY))) == [run_id]
    said = heard(Action.CANCEL, statuses=(RunStatus.FAILED,), runs=EVERY)
    assert (await chat.unclear(said)).reason is Reason.NOTHING_TO_DO


async def test_a_run_is_not_cancelled_at_one_of_its_places_only(chat: Chat) -> None:
    run_id = await chat.queue("openai", "backup")
    part = left_out(Reason.WHOLE_RUN_ONLY, run_id=run_id)
    planned = await chat.planned(heard(Action.CANCEL, NAME, at=("openai",)))
    assert (planned.plan, planned.intent.run_id) == (Plan(skipped=(part,)), run_id)
    await chat.world.carry_out(run_id, "backup")
    planned = await chat.planned(heard(Action.CANCEL, NAME, at=("openai",)))
    assert planned.plan.steps == (CancelStep(cancelled=run_id, skill=NAME, version=1, providers=("openai",)),)


async def test_more_runs_than_a_plan_takes_are_too_many(chat: Chat) -> None:
    for number in range(51):
        await chat.world.register(name=f"skill-{number}")
        await chat.queue("openai", skill=f"skill-{number}")
    assert (await chat.unclear(heard(Action.CANCEL, runs=EVERY))).reason is Reason.TOO_MANY
    said = heard(Action.CANCEL, skills=Pick(every=True, excepted=("skill-7",)))
    assert len((await chat.planned(said)).plan.steps) == 50
