"""A message that comes again acts once, is answered as it was, and what was decided the first time stands."""

from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from domain.chat.decisions import CONFIRMATION_LASTS
from domain.chat.facts import DeedsFound, StatusFound
from domain.chat.intent import Action, Language
from domain.chat.plan import AnyStep
from domain.chat.reasons import Reason
from domain.errors import Busy, ChatActionNotFound, Code, Forbidden
from domain.events import Context
from tests.commands.chats import ANNA, BERT, ROOT, Chat
from tests.commands.chatting import MemoryChatWorld
from tests.commands.world import NAME, World, names

pytestmark = pytest.mark.anyio

INSTALL = f"install {NAME} on openai"
BOTH = f"install {NAME} on openai and backup"
TWO = f"install {NAME} and weather on openai"


@pytest.fixture
async def chat(world: World) -> Chat:
    await world.register(name="weather")
    return Chat(world)


async def test_what_was_begun_before_it_was_cut_off_follows_from_the_same_event(chat: Chat) -> None:
    action_id = uuid4()
    await chat.say(INSTALL, action_id=action_id)
    ((_, context),) = chat.rest.carried_out
    received = (await chat.world.store.load(action_id))[0]
    assert (context.causation_id, context.correlation_id) == (received.id, received.correlation_id)


async def test_a_run_that_has_ended_meanwhile_is_still_the_one(chat: Chat) -> None:
    action_id = uuid4()
    first = await chat.say(INSTALL, action_id=action_id)
    await chat.world.carry_out(first.run_ids[0])
    await chat.world.register("two")
    again = await chat.say(INSTALL, action_id=action_id)
    assert (again.run_ids, again.outcome.plan) == (first.run_ids, first.outcome.plan)
    assert len(chat.rest.carried_out) == 1


async def test_what_was_asked_is_asked_again_with_a_token_that_is_good_as_long(chat: Chat) -> None:
    action_id = uuid4()
    first = await chat.say(BOTH, action_id=action_id)
    chat.world.pass_time(60)
    again = await chat.say(BOTH, action_id=action_id)
    assert first.token is not None
    assert again.token not in (None, first.token)
    assert replace(again, token=None) == replace(first, token=None)
    assert (await chat.confirm(first.token)).outcome.reason is Reason.CONFIRMATION_INVALID
    chat.world.pass_time(CONFIRMATION_LASTS.total_seconds() - 60)
    assert (await chat.confirm(again.token)).outcome.reason is Reason.CONFIRMATION_EXPIRED
    late = await chat.say(BOTH, action_id=action_id)
    assert (late.outcome.reason, late.outcome.accepted, late.token) == (Reason.CONFIRMATION_EXPIRED, False, None)


async def test_what_was_not_sure_is_not_surer_the_second_time(chat: Chat) -> None:
    action_id, message = uuid4(), f"instal {NAME} on openai"
    first = await chat.say(message, action_id=action_id)
    again = await chat.say(message, action_id=action_id)
    assert (first.outcome.unsure, again.outcome.unsure) == (("instal",), ("instal",))
    assert again.reply == first.reply


async def test_what_was_confirmed_meanwhile_is_answered_with_what_came_of_it(chat: Chat) -> None:
    action_id = uuid4()
    confirmed = await chat.confirm((await chat.say(BOTH, action_id=action_id)).token)
    again = await chat.say(BOTH, action_id=action_id)
    assert (again.run_ids, again.outcome.accepted, again.token) == (confirmed.run_ids, True, None)


async def test_what_was_declined_stays_declined(chat: Chat) -> None:
    action_id = uuid4()
    await chat.confirm((await chat.say(BOTH, action_id=action_id)).token, "no")
    again = await chat.say(BOTH, action_id=action_id)
    assert (again.outcome.reason, again.outcome.accepted, chat.rest.carried_out) == (Reason.DECLINED, False, [])


async def test_what_was_not_clear_stays_so_even_if_it_would_be_by_now(chat: Chat) -> None:
    action_id, message = uuid4(), "install release-notez on openai"
    first = await chat.say(message, action_id=action_id)
    assert await chat.say(message, action_id=action_id) == first
    await chat.world.register(name="release-notez")
    again = await chat.say(message, action_id=action_id)
    assert (again.outcome.reason, again.outcome.accepted, again.run_ids) == (Reason.UNKNOWN_SKILL, False, ())
    assert (again.outcome.unknown, chat.rest.carried_out) == ((), [])


async def test_what_was_left_out_entirely_stays_left_out(chat: Chat) -> None:
    action_id = uuid4()
    theirs = await chat.queue("openai", by=BERT)
    first = await chat.say(INSTALL, action_id=action_id)
    await chat.world.carry_out(theirs)
    await chat.world.register("two")
    assert await chat.say(INSTALL, action_id=action_id) == first
    assert (first.run_ids, chat.rest.carried_out) == ((theirs,), [])


async def test_what_was_asked_after_is_looked_up_again(chat: Chat) -> None:
    action_id, message = uuid4(), f"who installed {NAME}?"
    await chat.queue("openai")
    first = await chat.say(message, action_id=action_id)
    assert isinstance(first.outcome.found, DeedsFound)
    assert await chat.say(message, action_id=action_id) == first
    await chat.queue("backup")
    found = (await chat.say(message, action_id=action_id)).outcome.found
    assert isinstance(found, DeedsFound)
    assert len(found.items) == 2


async def test_how_it_stands_is_not_that_of_the_question(chat: Chat) -> None:
    first = await chat.say(INSTALL)
    for _ in range(2):
        found = (await chat.say("done yet?")).outcome.found
        assert isinstance(found, StatusFound)
        assert tuple(run.id for run in found.runs) == first.run_ids


async def test_what_is_forbidden_stays_so_and_is_one_action(chat: Chat) -> None:
    action_id = uuid4()
    for _ in range(2):
        with pytest.raises(Forbidden) as refused:
            await chat.say("verify openai", action_id=action_id)
        assert refused.value.extra == {"chatActionId": str(action_id), "requiredRole": "admin"}
    assert names(await chat.world.events(action_id)) == ["ChatCommandReceived", "ChatCommandRejected"]


async def test_nobody_hears_what_became_of_the_message_of_somebody_else(chat: Chat) -> None:
    action_id = uuid4()
    await chat.say(BOTH, action_id=action_id)
    for message in (BOTH, INSTALL):
        with pytest.raises(ChatActionNotFound):
            await chat.say(message, action_id=action_id, by=BERT)


class Crowded(MemoryChatWorld):
    """Whoever comes first meets others who keep changing the same thing."""

    async def carry_out(self, step: AnyStep, context: Context) -> UUID | None:
        run_id = await super().carry_out(step, context)
        if len(self.carried_out) == 1:
            raise Busy
        return run_id


async def test_a_command_that_is_busy_is_a_step_that_could_not_be_done(chat: Chat) -> None:
    crowded = Chat(chat.world, rest=Crowded(chat.world))
    conversed = await crowded.confirm((await crowded.say(TWO)).token)
    assert [(one.step, one.code) for one in conversed.outcome.refusals] == [(0, Code.CONFLICT_BUSY)]
    assert (len(conversed.run_ids), conversed.outcome.accepted) == (1, True)


async def test_a_verification_that_comes_again_says_how_it_is_now(chat: Chat) -> None:
    action_id = uuid4()
    first = await chat.say("verify openai", by=ROOT, action_id=action_id)
    assert await chat.say("verify openai", by=ROOT, action_id=action_id) == first
    assert len(chat.rest.carried_out) == 1


async def test_an_answer_is_in_the_language_of_the_message_again(chat: Chat) -> None:
    action_id, message = uuid4(), f"{NAME}를 openai에 설치해줘"
    for _ in range(2):
        conversed = await chat.say(message, action_id=action_id, by=ANNA)
        assert (conversed.outcome.language, conversed.outcome.intent.action) == (Language.KOREAN, Action.INSTALL)
