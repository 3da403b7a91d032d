"""What was said is forgotten for whoever said it, or for an admin, and what was meant stays."""

from uuid import UUID, uuid4

import pytest

from domain.chat.events import ChatTextErased
from domain.chat.texts import CHAT_TEXTS
from domain.errors import ChatActionNotFound, ChatTextForbidden
from domain.events import Actor
from tests.commands.chats import ANNA, BERT, ROOT, Chat
from tests.commands.world import NAME, World, names

pytestmark = pytest.mark.anyio


@pytest.fixture
def chat(world: World) -> Chat:
    return Chat(world)


async def said(chat: Chat) -> UUID:
    action_id = (await chat.say(f"install {NAME} on openai")).action_id
    assert action_id is not None
    return action_id


@pytest.mark.parametrize("by", [ANNA, ROOT], ids=["who_said_it", "an_admin"])
async def test_the_words_go_and_the_rest_stays(chat: Chat, by: Actor) -> None:
    kept, action_id = await said(chat), await said(chat)
    before = await chat.world.events(action_id)
    assert await chat.erase(action_id, by=by) == action_id
    assert [row["action_id"] for row in chat.world.store.rows[CHAT_TEXTS]] == [kept]
    assert await chat.world.events(action_id) == [*before, ChatTextErased()]


async def test_a_second_time_finishes_what_was_cut_off_and_says_no_more(chat: Chat) -> None:
    action_id = await said(chat)
    rows = [*chat.world.store.rows[CHAT_TEXTS]]
    await chat.erase(action_id)
    chat.world.store.rows[CHAT_TEXTS].extend(rows)
    await chat.erase(action_id)
    assert chat.world.store.rows[CHAT_TEXTS] == []
    assert names(await chat.world.events(action_id)).count("ChatTextErased") == 1


async def test_somebody_else_may_not(chat: Chat) -> None:
    action_id = await said(chat)
    with pytest.raises(ChatTextForbidden):
        await chat.erase(action_id, by=BERT)
    assert len(chat.world.store.rows[CHAT_TEXTS]) == 1


async def test_of_nothing_nothing_is_erased(chat: Chat) -> None:
    run_id = await chat.queue("openai")
    for action_id in (uuid4(), run_id):
        with pytest.raises(ChatActionNotFound):
            await chat.erase(action_id, by=ROOT)
