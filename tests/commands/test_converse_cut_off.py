"""A message that comes again acts once and gets a whole answer: wherever it was cut off, and however often it comes at once."""

import asyncio
from collections import Counter
from typing import Final
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from adapters.memory.event_store import MemoryEventStore
from commands.converse import Conversed
from domain.chat.events import ChatCommandReceived
from domain.chat.plan import AnyStep, InstallStep
from domain.chat.texts import CHAT_TEXTS
from domain.errors import StoreOffline
from domain.events import Context, Recorded
from domain.ports import Append
from tests.commands.chats import Chat
from tests.commands.chatting import MemoryChatWorld
from tests.commands.stores import Uneven
from tests.commands.world import NAME, World, names

pytestmark = pytest.mark.anyio

INSTALL = f"install {NAME} on openai"
BOTH = f"install {NAME} on openai and backup"
TWO = f"install {NAME} and weather on openai"
CALLERS: Final = 20
# More than any message needs.
CALLS_MAX: Final = 30


class Brittle(MemoryEventStore):
    """Its database goes away at a call of the store: before it is carried out, or after."""

    def __init__(self) -> None:
        super().__init__()
        self.calls_left: int | None = None
        self.applied = False

    async def load(self, stream: UUID) -> tuple[Recorded, ...]:
        self._count()
        return await super().load(stream)

    async def append(self, append: Append) -> tuple[Recorded, ...]:
        if self.calls_left == 1 and self.applied:
            await super().append(append)
        self._count()
        return await super().append(append)

    def _count(self) -> None:
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left <= 0:
                raise StoreOffline


async def brittle() -> tuple[Brittle, Chat]:
    store = Brittle()
    world = World(store)
    await world.register()
    await world.register(name="weather")
    for name in ("openai", "backup"):
        await world.connect(name)
    return store, Chat(world)


def kinds(events: list[str]) -> Counter[str]:
    return Counter(name for name in events if name.startswith("ChatCommand") or name == "RunQueued")


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("message", "runs"),
    [(INSTALL, 1), (f"is {NAME} installed?", 0), ("install narnia on openai", 0)],
    ids=["install", "status", "unknown"],
)
async def test_wherever_a_message_was_cut_off_the_same_again_completes_it(
    message: str, runs: int, *, applied: bool
) -> None:
    whole = 0
    for calls in range(1, CALLS_MAX):
        store, chat = await brittle()
        action_id = uuid4()
        store.calls_left, store.applied = calls, applied
        try:
            first: Conversed | None = await chat.say(message, action_id=action_id)
        except StoreOffline:
            first = None
        store.calls_left = None
        restarted = Chat(chat.world.another_process())
        again = await restarted.say(message, action_id=action_id)
        events = await chat.world.events()
        counted = kinds(names(events))
        assert (counted["ChatCommandReceived"], counted["RunQueued"]) == (1, runs)
        assert counted["ChatCommandAccepted"] + counted["ChatCommandRejected"] == 1
        assert len(store.rows[CHAT_TEXTS]) == 1
        (received,) = [one for one in events if isinstance(one, ChatCommandReceived)]
        planned = tuple(step.run_id for step in received.plan.steps if isinstance(step, InstallStep))
        assert (again.run_ids, again.action_id, len(planned)) == (planned, action_id, runs)
        if first is not None:
            assert replace(again, action_id=None) == replace(first, action_id=None)
            whole += 1
    assert 0 < whole < CALLS_MAX - 1


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
async def test_wherever_a_yes_was_cut_off_the_same_again_completes_it(*, applied: bool) -> None:
    whole = 0
    for calls in range(1, CALLS_MAX):
        store, chat = await brittle()
        asked = await chat.say(TWO)
        store.calls_left, store.applied = calls, applied
        try:
            first: Conversed | None = await chat.confirm(asked.token)
        except StoreOffline:
            first = None
        store.calls_left = None
        again = await Chat(chat.world.another_process()).confirm(asked.token)
        counted = kinds(names(await chat.world.events()))
        assert counted == {
            "ChatCommandReceived": 1,
            "ChatCommandConfirmed": 1,
            "RunQueued": 2,
            "ChatCommandAccepted": 1,
        }
        steps = [step for step in asked.outcome.plan.steps if isinstance(step, InstallStep)]
        assert again.run_ids == tuple(step.run_id for step in steps)
        if first is not None:
            assert again == first
            whole += 1
    assert 0 < whole < CALLS_MAX - 1


class Away(MemoryChatWorld):
    """Nothing can be done in it now."""

    async def carry_out(self, step: AnyStep, context: Context) -> UUID | None:
        raise StoreOffline


async def test_a_no_after_a_yes_that_was_cut_off_neither_stops_nor_continues_it() -> None:
    _, chat = await brittle()
    asked = await chat.say(TWO)
    with pytest.raises(StoreOffline):
        await Chat(chat.world, rest=Away(chat.world)).confirm(asked.token)
    await chat.confirm(asked.token, "no")
    assert chat.rest.carried_out == []
    assert len((await chat.confirm(asked.token)).run_ids) == 2


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("message", [INSTALL, BOTH, f"is {NAME} installed?"], ids=["one", "asked_about", "only_asked"])
async def test_of_many_deliveries_at_once_one_is_received(seed: int, message: str) -> None:
    world = World(Uneven(seed))
    await world.register()
    for name in ("openai", "backup"):
        await world.connect(name)
    action_id = uuid4()
    chats = [Chat(world if number % 2 else world.another_process()) for number in range(CALLERS)]
    answers = await asyncio.gather(*(chat.say(message, action_id=action_id) for chat in chats))
    assert len({(one.run_ids, one.outcome.accepted, one.outcome.reason, one.outcome.plan) for one in answers}) == 1
    counted = kinds(names(await world.events()))
    assert counted == {
        INSTALL: {"ChatCommandReceived": 1, "RunQueued": 1, "ChatCommandAccepted": 1},
        BOTH: {"ChatCommandReceived": 1},
    }.get(message, {"ChatCommandReceived": 1, "ChatCommandAccepted": 1})
    if message == BOTH:
        good = [one for one in answers if (await chats[0].confirm(one.token)).outcome.accepted]
        assert len(good) == 1
