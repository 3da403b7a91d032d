"""What is tried again: what failed and nobody has mended since, as a whole."""

import pytest

from commands.chatting.planning import asks_first
from commands.chatting.request import Planned
from domain.chat.intent import Action
from domain.chat.plan import Plan, RetryStep
from domain.chat.reasons import Reason
from domain.chat.said import Pick, RunPick, Said
from domain.errors import Code
from domain.install_run.state import RunStatus
from domain.provider.events import ProviderDeactivated
from tests.commands.chats import BERT, Chat, heard, ids, left_out, meant
from tests.commands.world import NAME, World

pytestmark = pytest.mark.anyio

EVERY = RunPick(every=True)


@pytest.fixture
def chat(world: World) -> Chat:
    return Chat(world)


async def test_what_failed_in_a_run_that_goes_on_is_left_to_it(chat: Chat) -> None:
    run_id = await chat.queue("openai", "backup")
    await chat.world.fail(run_id)
    assert (await chat.unclear(heard(Action.RETRY, NAME))).reason is Reason.NOTHING_TO_DO
    planned = await chat.planned(heard(Action.RETRY, runs=ids(run_id)))
    assert planned.plan == Plan(skipped=(left_out(Reason.NOTHING_TO_DO, run_id=run_id),))


async def test_what_failed_is_tried_again_where_it_failed(chat: Chat) -> None:
    run_id = await chat.queue("openai", "backup")
    await chat.world.carry_out(run_id, "backup")
    await chat.world.fail(run_id)
    for said in (heard(Action.RETRY), heard(Action.RETRY, NAME), heard(Action.RETRY, at=("openai",))):
        planned = await chat.planned(said)
        (step,) = planned.plan.steps
        assert isinstance(step, RetryStep)
        assert (step.retried, step.providers, planned.intent.run_id) == (run_id, ("openai",), run_id)
        assert step.run_id != run_id
    assert (await chat.unclear(heard(Action.RETRY, at=("backup",)))).reason is Reason.NOTHING_TO_DO


async def test_what_was_mended_since_is_not_tried_again(chat: Chat) -> None:
    first = await chat.fail("openai")
    second = (await chat.world.retry(first)).run_id
    await chat.world.fail(second)
    assert meant(await chat.planned(heard(Action.RETRY, NAME))) == [second]
    await chat.install("openai")
    assert (await chat.unclear(heard(Action.RETRY, NAME))).reason is Reason.NOTHING_TO_DO


async def test_everything_that_failed_is_every_run_that_nobody_has_mended(chat: Chat) -> None:
    await chat.world.register(name="weather")
    mended = await chat.fail("openai", by=BERT)
    await chat.install("openai")
    standing = [await chat.fail("backup"), await chat.fail("openai", skill="weather", by=BERT)]
    await chat.queue("backup", skill="weather")
    for said in (heard(Action.RETRY, runs=EVERY), heard(Action.RETRY, either=Pick(every=True))):
        assert meant(await chat.planned(said)) == standing[::-1]
    assert mended not in standing


async def test_only_runs_that_failed_in_part_if_that_was_said(chat: Chat) -> None:
    await chat.fail("openai")
    await chat.world.register(name="weather")
    in_part = await chat.queue("openai", "backup", skill="weather")
    await chat.world.carry_out(in_part, "backup")
    await chat.world.fail(in_part)
    said = heard(Action.RETRY, statuses=(RunStatus.PARTIAL_FAILED,), runs=EVERY)
    assert meant(await chat.planned(said)) == [in_part]


async def test_a_run_is_not_tried_again_at_one_of_its_places_only(chat: Chat) -> None:
    run_id = await chat.fail("openai", "backup")
    part = left_out(Reason.WHOLE_RUN_ONLY, run_id=run_id)
    assert (await chat.planned(heard(Action.RETRY, NAME, at=("openai",)))).plan == Plan(skipped=(part,))
    assert meant(await chat.planned(heard(Action.RETRY, NAME, at=("backup", "openai")))) == [run_id]
    assert meant(await chat.planned(heard(Action.RETRY, NAME, at=("all",)))) == [run_id]


async def test_what_cannot_be_tried_again_is_said(chat: Chat) -> None:
    run_id = await chat.fail("openai")
    await chat.world.happen_to("openai", ProviderDeactivated(requested=True))
    inactive = left_out(Reason.PROVIDER_INACTIVE, at="openai", run_id=run_id, code=Code.CONFLICT_PROVIDER)
    assert (await chat.planned(heard(Action.RETRY))).plan == Plan(skipped=(inactive,))


async def test_a_run_without_a_failure_is_not_tried_again(chat: Chat) -> None:
    for run_id in (await chat.install("openai"), await chat.queue("backup")):
        planned = await chat.planned(heard(Action.RETRY, runs=ids(run_id)))
        assert planned.plan == Plan(skipped=(left_out(Reason.NOTHING_TO_DO, run_id=run_id),))


async def test_a_rollback_is_not_tried_again(chat: Chat) -> None:
    rollback = (await chat.world.roll_back(await chat.install("openai"))).run_id
    await chat.world.fail(rollback)
    planned = await chat.planned(heard(Action.RETRY, runs=ids(rollback)))
    refused = left_out(Reason.REFUSED, run_id=rollback, code=Code.CONFLICT_RUN)
    assert planned.plan == Plan(skipped=(refused,))
    assert (await chat.unclear(heard(Action.RETRY, NAME))).reason is Reason.NOTHING_TO_DO


async def asked(chat: Chat, said: Said) -> bool:
    request = await chat.request(said)
    planned = await chat.plan_of(request)
    assert isinstance(planned, Planned)
    return asks_first(request, planned.plan, parser="grammar")


async def test_a_retry_of_one_place_is_not_asked_about_and_everything_else_is(chat: Chat) -> None:
    await chat.fail("openai")
    assert not await asked(chat, heard(Action.RETRY))
    await chat.fail("openai", "backup")
    assert await asked(chat, heard(Action.RETRY))
    run_id = await chat.queue("openai")
    assert await asked(chat, heard(Action.CANCEL, runs=ids(run_id)))
