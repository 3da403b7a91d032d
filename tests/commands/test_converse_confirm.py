"""A yes does what was asked about, once, for whoever was asked, for ten minutes; and everything else does nothing."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from commands.converse import Conversed
from domain.chat.decisions import CONFIRMATION_LASTS
from domain.chat.events import ChatCommandConfirmed
from domain.chat.intent import NOTHING, Action, Language
from domain.chat.plan import InstallStep, UninstallStep
from domain.chat.reasons import Reason
from domain.errors import Code
from domain.events import Actor
from domain.install_run.state import INSTALL_RUN, RunStatus
from domain.provider.events import ProviderDeactivated
from tests.commands.chats import ANNA, BERT, ROOT, Chat, heard
from tests.commands.stores import Uneven
from tests.commands.world import NAME, World, names

pytestmark = pytest.mark.anyio

BOTH = f"install {NAME} on openai and backup"
CALLERS = 20


@pytest.fixture
def chat(world: World) -> Chat:
    return Chat(world)


@pytest.fixture
async def asked(chat: Chat) -> Conversed:
    return await chat.say(BOTH)


async def happened(chat: Chat, conversed: Conversed) -> list[str]:
    assert conversed.action_id is not None
    return names(await chat.world.events(conversed.action_id))


def refused(conversed: Conversed) -> Reason | None:
    assert not conversed.outcome.accepted
    assert (conversed.run_ids, conversed.token) == ((), None)
    return conversed.outcome.reason


@pytest.mark.parametrize("message", [None, BOTH, f" {BOTH} ", "yes", "go ahead", "네", "진행해"])
async def test_a_yes_carries_out_the_plan(chat: Chat, asked: Conversed, message: str | None) -> None:
    conversed = await chat.confirm(asked.token, message)
    (step,) = asked.outcome.plan.steps
    assert isinstance(step, InstallStep)
    assert (conversed.run_ids, conversed.outcome.accepted, conversed.outcome.reason) == ((step.run_id,), True, None)
    assert (conversed.action_id, conversed.token, conversed.plan_words) == (asked.action_id, None, None)
    assert [one for one, _ in chat.rest.carried_out] == [step]
    assert await happened(chat, asked) == [
        "ChatCommandReceived",
        "ChatConfirmationAsked",
        "ChatCommandConfirmed",
        "ChatCommandAccepted",
    ]


async def test_what_is_done_follows_from_the_yes_and_belongs_to_the_message(chat: Chat, asked: Conversed) -> None:
    await chat.confirm(asked.token)
    assert asked.action_id is not None
    received, _, confirmed, accepted = await chat.world.store.load(asked.action_id)
    assert isinstance(confirmed.event, ChatCommandConfirmed)
    ((_, context),) = chat.rest.carried_out
    assert (context.causation_id, accepted.causation_id) == (confirmed.id, confirmed.id)
    assert (context.correlation_id, context.actor) == (received.correlation_id, ANNA)


@pytest.mark.parametrize("message", ["no", "아니", "취소"])
async def test_a_no_declines(chat: Chat, asked: Conversed, message: str) -> None:
    assert refused(await chat.confirm(asked.token, message)) is Reason.DECLINED
    assert refused(await chat.confirm(asked.token, message)) is Reason.DECLINED
    assert refused(await chat.confirm(asked.token)) is Reason.DECLINED
    assert (await happened(chat, asked))[2:] == ["ChatCommandRejected"]
    assert chat.rest.carried_out == []


@pytest.mark.parametrize("message", [f"install {NAME} on openai", "maybe", "yes, but not on backup", "무슨 소리야"])
async def test_anything_else_beside_the_token_does_nothing(chat: Chat, asked: Conversed, message: str) -> None:
    before = await chat.world.store.head()
    assert refused(await chat.confirm(asked.token, message)) is Reason.CONFIRMATION_INVALID
    assert (await chat.world.store.head(), chat.rest.carried_out) == (before, [])
    assert (await chat.confirm(asked.token)).outcome.accepted


async def test_the_same_message_is_no_yes_once_it_is_forgotten(chat: Chat, asked: Conversed) -> None:
    assert asked.action_id is not None
    await chat.erase(asked.action_id)
    assert refused(await chat.confirm(asked.token, BOTH)) is Reason.CONFIRMATION_INVALID
    assert (await chat.confirm(asked.token, "yes")).outcome.accepted


@pytest.mark.parametrize("by", [BERT, ROOT], ids=["another", "an_admin"])
@pytest.mark.parametrize("message", [None, "no", BOTH])
async def test_the_token_of_somebody_else_is_worth_nothing(
    chat: Chat, asked: Conversed, by: Actor, message: str | None
) -> None:
    before = await chat.world.store.head()
    conversed = await chat.confirm(asked.token, message, by=by)
    assert refused(conversed) is Reason.CONFIRMATION_INVALID
    assert (conversed.outcome.intent, conversed.outcome.plan.steps, conversed.action_id) == (NOTHING, (), None)
    assert (await chat.world.store.head(), chat.rest.carried_out) == (before, [])


async def test_a_made_up_token_is_worth_nothing(chat: Chat, asked: Conversed) -> None:
    run_id = await chat.queue("openai")
    assert asked.token is not None
    secret = asked.token.partition(".")[2]
    for token in ("", "yes", f"{asked.token[:-1]}!", f"{asked.token[:33]}{'A' * 43}", f"{run_id.hex}.{secret}"):
        assert refused(await chat.confirm(token)) is Reason.CONFIRMATION_INVALID
    assert chat.rest.carried_out == []


async def test_ten_minutes_later_it_is_too_late(chat: Chat, asked: Conversed) -> None:
    chat.world.pass_time(CONFIRMATION_LASTS.total_seconds())
    conversed = await chat.confirm(asked.token)
    assert refused(conversed) is Reason.CONFIRMATION_EXPIRED
    assert (conversed.outcome.intent, conversed.action_id) == (asked.outcome.intent, asked.action_id)
    assert (len(await happened(chat, asked)), chat.rest.carried_out) == (2, [])


async def test_a_moment_before_it_is_not(chat: Chat, asked: Conversed) -> None:
    chat.world.pass_time((CONFIRMATION_LASTS - timedelta(microseconds=1)).total_seconds())
    assert (await chat.confirm(asked.token)).outcome.accepted


async def test_a_second_yes_gets_the_same_answer_however_late(chat: Chat, asked: Conversed) -> None:
    first = await chat.confirm(asked.token)
    head = await chat.world.store.head()
    for late in (False, True):
        if late:
            chat.world.pass_time(3600)
        again = await chat.confirm(asked.token, "yes" if late else None)
        assert (again.run_ids, again.outcome.accepted, again.outcome.plan) == (first.run_ids, True, first.outcome.plan)
    assert (await chat.world.store.head(), len(chat.rest.carried_out)) == (head, 1)


async def test_a_no_after_a_yes_undoes_nothing(chat: Chat, asked: Conversed) -> None:
    first = await chat.confirm(asked.token)
    head = await chat.world.store.head()
    again = await chat.confirm(asked.token, "no")
    assert (again.run_ids, again.outcome.accepted, await chat.world.store.head()) == (first.run_ids, True, head)


@pytest.mark.parametrize("seed", range(5))
async def test_of_many_who_say_yes_at_once_all_get_the_same_runs(seed: int) -> None:
    world = World(Uneven(seed))
    await world.register()
    for name in ("openai", "backup"):
        await world.connect(name)
    asked = await Chat(world).say(BOTH)
    chats = [Chat(world if number % 2 else world.another_process()) for number in range(CALLERS)]
    answers = await asyncio.gather(*(chat.confirm(asked.token) for chat in chats))
    (step,) = asked.outcome.plan.steps
    assert isinstance(step, InstallStep)
    assert {(one.run_ids, one.outcome.accepted) for one in answers} == {((step.run_id,), True)}
    counted = Counter(names(await world.events()))
    assert (counted["ChatCommandConfirmed"], counted["ChatCommandAccepted"], counted["RunQueued"]) == (1, 1, 1)


async def test_a_yes_in_korean_is_answered_in_korean_and_silence_in_the_language_of_the_message(chat: Chat) -> None:
    korean = f"{NAME}를 openai랑 backup에 설치해줘"
    silent = await chat.confirm((await chat.say(korean)).token)
    assert silent.outcome.language is Language.KOREAN
    spoken = await chat.confirm((await chat.say(f"cancel {NAME}")).token, "네")
    assert spoken.outcome.language is Language.KOREAN


async def test_a_label_that_moved_since_changes_nothing(chat: Chat) -> None:
    await chat.label("stable", 1)
    asked = await chat.say(f"install {NAME}@stable on openai and backup")
    await chat.world.register("two")
    await chat.label("stable", 2)
    (run_id,) = (await chat.confirm(asked.token)).run_ids
    run = INSTALL_RUN.fold(await chat.world.store.load(run_id))
    assert run is not None
    assert run.skill.version == 1


async def test_the_latest_is_what_it_was_when_it_was_asked_about(chat: Chat, asked: Conversed) -> None:
    await chat.world.register("two")
    (run_id,) = (await chat.confirm(asked.token)).run_ids
    run = INSTALL_RUN.fold(await chat.world.store.load(run_id))
    assert run is not None
    assert (run.skill.version, run.skill.ref) == (1, "1")


async def test_what_was_put_there_since_is_not_removed(chat: Chat) -> None:
    await chat.install("openai", "backup")
    asked = await chat.say(f"uninstall {NAME} everywhere")
    await chat.world.register("two")
    newer = await chat.install("openai")
    conversed = await chat.confirm(asked.token)
    steps = asked.outcome.plan.steps
    kept = next(
        index for index, step in enumerate(steps) if isinstance(step, UninstallStep) and step.provider == "openai"
    )
    assert [(one.step, one.code) for one in conversed.outcome.refusals] == [(kept, Code.CONFLICT_RUN)]
    assert (conversed.outcome.accepted, len(conversed.run_ids)) == (True, 1)
    await chat.world.carry_out(conversed.run_ids[0], "backup")
    live = (await chat.rest.installations(skills=(), providers=(), limit=9)).items
    assert [(one.provider, one.run_id) for one in live] == [("openai", newer)]


async def test_what_was_installed_elsewhere_since_is_not_touched(chat: Chat) -> None:
    await chat.install("openai")
    asked = await chat.say(f"uninstall {NAME} everywhere")
    await chat.install("backup")
    assert len((await chat.confirm(asked.token)).run_ids) == 1


async def test_what_cannot_be_done_any_more_is_said_and_the_rest_is_done(chat: Chat) -> None:
    await chat.world.register(name="weather")
    asked = await chat.say(f"install {NAME} and weather on openai")
    await chat.world.archive()
    conversed = await chat.confirm(asked.token)
    assert [(one.step, one.code) for one in conversed.outcome.refusals] == [(0, Code.CONFLICT_SKILL)]
    second = asked.outcome.plan.steps[1]
    assert isinstance(second, InstallStep)
    assert (conversed.outcome.accepted, conversed.run_ids) == (True, (second.run_id,))
    again = await chat.confirm(asked.token)
    assert (again.outcome.refusals, again.run_ids) == (conversed.outcome.refusals, conversed.run_ids)


async def test_where_nothing_can_be_done_any_more_nothing_is_accepted(chat: Chat, asked: Conversed) -> None:
    await chat.world.happen_to("openai", ProviderDeactivated(requested=True))
    for _ in range(2):
        conversed = await chat.confirm(asked.token)
        assert refused(conversed) is Reason.PROVIDER_INACTIVE
        assert [(one.step, one.code) for one in conversed.outcome.refusals] == [(0, Code.CONFLICT_PROVIDER)]
    assert len(chat.rest.carried_out) == 1


async def test_a_skill_that_was_archived_since_is_not_installed(chat: Chat, asked: Conversed) -> None:
    await chat.world.archive()
    assert refused(await chat.confirm(asked.token)) is Reason.SKILL_ARCHIVED


async def test_a_run_that_ended_since_is_not_cancelled(chat: Chat) -> None:
    run_id = await chat.queue("openai")
    asked = await chat.say(f"cancel {NAME}")
    await chat.world.carry_out(run_id)
    conversed = await chat.confirm(asked.token)
    assert refused(conversed) is Reason.REFUSED
    assert [one.code for one in conversed.outcome.refusals] == [Code.CONFLICT_RUN]


@pytest.mark.parametrize(
    ("message", "kind", "status"),
    [
        (f"cancel {NAME}", "install", RunStatus.FAILED),
        (f"roll back {NAME} on openai", "rollback", RunStatus.QUEUED),
        (f"uninstall {NAME} from openai", "uninstall", RunStatus.QUEUED),
    ],
    ids=["cancel", "rollback", "uninstall"],
)
async def test_what_takes_away_or_stops_is_done_after_a_yes(
    chat: Chat, message: str, kind: str, status: RunStatus
) -> None:
    await (chat.queue("openai") if message.startswith("cancel") else chat.install("openai"))
    asked = await chat.say(message)
    assert asked.outcome.reason is Reason.CONFIRMATION_REQUIRED
    (run_id,) = (await chat.confirm(asked.token)).run_ids
    run = INSTALL_RUN.fold(await chat.world.store.load(run_id))
    assert run is not None
    assert (run.kind, run.status) == (kind, status)


async def test_several_retries_are_done_after_a_yes(chat: Chat) -> None:
    failed = [await chat.queue(provider) for provider in ("openai", "backup")]
    for run_id, provider in zip(failed, ("openai", "backup"), strict=True):
        await chat.world.fail(run_id, provider)
    assert (await chat.plan(heard(Action.RETRY))) is not None
    asked = await chat.say("retry all failed runs")
    conversed = await chat.confirm(asked.token)
    retried = [INSTALL_RUN.fold(await chat.world.store.load(run_id)) for run_id in conversed.run_ids]
    assert {run.retry_of for run in retried if run is not None} == {*failed}
