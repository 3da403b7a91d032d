from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from adapters.postgres.chat_texts import PostgresChatTexts
from domain.chat.intent import Action, Intent
from domain.chat.reasons import Reason
from domain.chat.state import ChatStatus
from domain.errors import BadRequest, ChatActionNotFound, StoreOffline
from domain.events import Actor, Role
from queries.get_chat_action import GetChatAction, get_chat_action
from queries.list_chat_actions import ListChatActions, list_chat_actions
from tests.kit.projection_spec import ADMIN
from tests.kit.read_side import ReadSide
from tests.projections.stories import Story
from tests.projections.story_chats import ANNA, RECEIVED, Chats

pytestmark = pytest.mark.anyio

BORA = Actor(kind="api_key", id="bora", name="Bora", role=Role.OPERATOR)
VIEWER = Actor(kind="api_key", id="viewer", name="Viewer", role=Role.VIEWER)
NAMESAKE = Actor(kind="system", id=ANNA.id, name="a part that is called like a key")
BY_BORA = replace(RECEIVED, caller=BORA.id, intent=Intent(action=Action.LIST))
KEEP = "INSERT INTO chat_texts (action_id, salt, text) VALUES (%s, '', %s)"


class Told(Story):
    """From the oldest: `done`, `waiting`, `declined`, `bora`."""

    def __init__(self) -> None:
        super().__init__()
        chats = Chats(self)
        done, waiting, declined = chats.say(), chats.say(asks=True), chats.say(asks=True)
        bora = uuid4()
        self.add(bora, BY_BORA, actor=BORA)
        chats.accept(done)
        chats.reject(declined, Reason.DECLINED)
        self.ids = {"done": done, "waiting": waiting, "declined": declined, "bora": bora}
        self.names = {action_id: name for name, action_id in self.ids.items()}

    def erase(self, name: str) -> None:
        Chats(self).erase(self.ids[name])


@pytest.fixture
async def told(side: ReadSide) -> Told:
    story = Told()
    await side.tell(story.events)
    for name, action_id in story.ids.items():
        await side.execute(KEEP, action_id, f"the words of {name}")
    return story


async def listed(side: ReadSide, told: Told, *, seen_by: Actor = ADMIN, **asked: Any) -> dict[str, str | None]:
    """Each one with its text, in their order."""
    page = await list_chat_actions(side.reader, PostgresChatTexts(side.pool), ListChatActions(**asked), seen_by=seen_by)
    return {told.names[one.id]: one.text for one in page.items}


async def one(side: ReadSide, action_id: UUID, *, seen_by: Actor = ADMIN) -> str | None:
    query = GetChatAction(action_id=action_id, seen_by=seen_by)
    answer = await get_chat_action(side.reader, PostgresChatTexts(side.pool), query)
    assert (answer.item.id, answer.stale) == (action_id, False)
    return answer.item.text


async def test_they_are_found_by_who_what_and_how_it_went(side: ReadSide, told: Told) -> None:
    expected: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["bora", "declined", "waiting", "done"]),
        ({"actor": ("bora",)}, ["bora"]),
        ({"actor": ("anna", "bora"), "limit": 2}, ["bora", "declined"]),
        ({"actor": ("Anna",)}, []),
        ({"action": (Action.INSTALL,)}, ["declined", "waiting", "done"]),
        ({"action": (Action.LIST, Action.WHO)}, ["bora"]),
        ({"status": (ChatStatus.WAITING,)}, ["waiting"]),
        ({"status": (ChatStatus.ACCEPTED, ChatStatus.RECEIVED)}, ["bora", "done"]),
        ({"status": (ChatStatus.REJECTED,), "actor": ("bora",)}, []),
        ({"since": told.events[1].at, "until": told.events[5].at}, ["declined", "waiting"]),
    ]
    assert [(asked, list(await listed(side, told, **asked))) for asked, _ in expected] == expected


async def test_pages_follow_each_other_whatever_became_of_them_meanwhile(side: ReadSide, told: Told) -> None:
    texts = PostgresChatTexts(side.pool)
    first = await list_chat_actions(side.reader, texts, ListChatActions(limit=2), seen_by=ADMIN)
    before = len(told.events)
    told.add(uuid4(), BY_BORA)
    told.erase("done")
    await side.tell(told.events[before:])
    second = await list_chat_actions(
        side.reader, texts, ListChatActions(limit=2, cursor=first.next_cursor), seen_by=ADMIN
    )
    pages = [[told.names[one.id] for one in page.items] for page in (first, second)]
    assert pages == [["bora", "declined"], ["waiting", "done"]]
    assert (second.next_cursor, second.items[1].text_erased, second.items[1].text) == (None, True, None)


async def test_a_time_before_the_other_is_refused(side: ReadSide, told: Told) -> None:
    with pytest.raises(BadRequest):
        await listed(side, told, since=told.events[1].at, until=told.events[0].at)


@pytest.mark.parametrize(
    ("seen_by", "readable"),
    [
        (ADMIN, {"bora", "declined", "waiting", "done"}),
        (ANNA, {"declined", "waiting", "done"}),
        (BORA, {"bora"}),
        (VIEWER, set()),
        (NAMESAKE, set()),
    ],
    ids=["an admin", "anna", "bora", "a viewer", "a namesake"],
)
async def test_the_words_are_for_whoever_said_them_and_for_admins(
    side: ReadSide, told: Told, seen_by: Actor, readable: set[str]
) -> None:
    expected = {name: f"the words of {name}" if name in readable else None for name in reversed(told.ids)}
    assert await listed(side, told, seen_by=seen_by) == expected
    assert {name: await one(side, told.ids[name], seen_by=seen_by) for name in expected} == expected


async def test_erased_words_are_shown_to_nobody(side: ReadSide, told: Told) -> None:
    """Also in the moment in which only the event is there, and in the one in which only the words are gone."""
    before = len(told.events)
    told.erase("done")
    await side.tell(told.events[before:])
    await PostgresChatTexts(side.pool).erase(told.ids["waiting"])
    for seen_by in (ADMIN, ANNA):
        assert [await one(side, told.ids[name], seen_by=seen_by) for name in ("done", "waiting")] == [None, None]
        words = await listed(side, told, seen_by=seen_by)
        assert (words["done"], words["waiting"], words["declined"]) == (None, None, "the words of declined")


async def test_what_is_not_there(side: ReadSide, told: Told) -> None:
    with pytest.raises(ChatActionNotFound, match=str(told.events[0].id)):
        await one(side, told.events[0].id)


async def test_what_may_be_there_is_not_said_to_be_missing(side: ReadSide, told: Told) -> None:
    """Unless somebody is content with how it was before."""
    before, later = len(told.events), uuid4()
    told.add(later, BY_BORA)
    await side.store(told.events[before:])
    texts, query = PostgresChatTexts(side.pool), GetChatAction(action_id=later, seen_by=ADMIN)
    with pytest.raises(StoreOffline):
        await get_chat_action(side.reader, texts, query)
    with pytest.raises(ChatActionNotFound):
        await get_chat_action(side.reader, texts, replace(query, min_position=before))
    page = await list_chat_actions(side.reader, texts, ListChatActions(), seen_by=ADMIN)
    assert (page.stale, len(page.items)) == (True, len(told.ids))
    page = await list_chat_actions(side.reader, texts, ListChatActions(min_position=before), seen_by=ADMIN)
    assert not page.stale
