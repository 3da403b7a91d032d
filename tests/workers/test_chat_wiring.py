"""A conversation with all that is behind it: the grammar, the read models, the commands and the store."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import pytest

from adapters.postgres.chat_texts import PostgresChatTexts
from adapters.postgres.event_store import PostgresEventStore
from adapters.sources.git import GitFolders
from adapters.sources.reading import Sources
from commands.converse import Converse, Conversed
from commands.erase_chat_text import EraseChatText
from domain.chat.facts import DeedsFound, InstallationsFound, StatusFound
from domain.chat.reasons import Reason
from domain.events import Actor, Context, Role
from domain.install_run.events import RunQueued
from domain.install_run.policy import Policy
from domain.install_run.state import RunStatus
from tests.commands.world import NAME, World
from tests.kit.projecting import projecting
from tests.kit.read_side import open_read_side
from workers.chat_wiring import Chat, build_chat
from workers.wiring import build_commands

pytestmark = pytest.mark.anyio

MINJI = Actor(kind="api_key", id="key-2", name="minji", role=Role.OPERATOR)
POLICY = Policy(attempts_max=2)


class Stored(PostgresEventStore):
    """The credential is in the environment, so no row is kept beside the events."""

    rows: dict[str, list[dict[str, Any]]] = {}  # noqa: RUF012 - nothing is written there


class Talk:
    def __init__(self, chat: Chat, world: World) -> None:
        self.chat = chat
        self.world = world

    async def say(self, message: str | None, *, who: Actor = MINJI, **more: Any) -> Conversed:
        context = Context(actor=who, request_id="request", correlation_id=uuid4())
        return await self.chat.converse(Converse(message=message, **more), context)


@pytest.fixture
async def talk(database: str) -> AsyncIterator[Talk]:
    async with AsyncExitStack() as stack:
        side = await stack.enter_async_context(open_read_side(database))
        await stack.enter_async_context(projecting(side, database, holder="test"))
        store = Stored(database, name="test")
        stack.push_async_callback(store.close)
        world = World(store)  # type: ignore[arg-type]
        commands = build_commands(
            store=store,
            bundles=world.bundles,
            vault=world.vault,
            gateway=world.gateway,
            sources=Sources(git=GitFolders()),
            clock=lambda: world.now,
        )
        chat = build_chat(
            commands=commands,
            reader=side.reader,
            store=store,
            texts=PostgresChatTexts(side.pool),
            policy=POLICY,
            clock=lambda: world.now,
        )
        await world.register()
        for name in ("openai", "claude"):
            await world.connect(name, kind=name, credential="env:WAYBILL_CREDENTIAL_GOOD")
        yield Talk(chat, world)


async def test_what_is_said_is_done_and_can_be_asked_after_and_taken_away(talk: Talk) -> None:
    action_id = uuid4()
    said = await talk.say(f"openai에 {NAME} 설치해줘", action_id=action_id)
    (run_id,) = said.run_ids
    assert (await talk.say(f"openai에 {NAME} 설치해줘", action_id=action_id)).run_ids == (run_id,)
    assert said.outcome.accepted, said
    (queued,) = await talk.world.events(run_id)
    assert isinstance(queued, RunQueued)
    assert queued.policy == POLICY

    asked = await talk.say("됐어?")
    assert isinstance(asked.outcome.found, StatusFound)
    assert [(run.id, run.status, run.by) for run in asked.outcome.found.runs] == [(run_id, RunStatus.QUEUED, "minji")]

    await talk.world.carry_out(run_id)
    who = await talk.say(f"who installed {NAME}?")
    assert isinstance(who.outcome.found, DeedsFound)
    assert [(one.by, one.run_id) for one in who.outcome.found.items] == [("minji", run_id)]

    removing = await talk.say(f"uninstall {NAME} from openai")
    assert (removing.outcome.reason, removing.run_ids) == (Reason.CONFIRMATION_REQUIRED, ())
    removed = await talk.say(None, confirm=removing.token)
    assert removed.outcome.accepted, removed
    await talk.world.carry_out(removed.run_ids[0])
    live = await talk.say("what is installed on openai?")
    assert isinstance(live.outcome.found, InstallationsFound)
    assert live.outcome.found.items == ()


async def test_what_was_confirmed_is_done_whatever_came_since_and_the_words_can_be_erased(talk: Talk) -> None:
    asking = await talk.say(f"install {NAME} on openai and claude")
    assert asking.outcome.reason is Reason.CONFIRMATION_REQUIRED
    await talk.world.register("two")
    (run_id,) = (await talk.say("yes", confirm=asking.token)).run_ids
    queued = (await talk.world.events(run_id))[0]
    assert isinstance(queued, RunQueued)
    assert queued.skill.version == 1
    assert {target.name for target in queued.targets} == {"openai", "claude"}

    texts, action_id = talk.chat.texts, asking.action_id
    assert action_id is not None
    assert await texts.read((action_id,)) == {action_id: f"install {NAME} on openai and claude"}
    context = Context(actor=MINJI, request_id="request", correlation_id=uuid4())
    assert await talk.chat.erase_text(EraseChatText(action_id=action_id), context) == action_id
    assert await texts.read((action_id,)) == {}
