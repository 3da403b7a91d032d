"""Somebody who talks to Waybill in a test, and what was heard of it."""

import os
from typing import Any, Final
from uuid import UUID, uuid4

from adapters.memory.chat_texts import MemoryChatTexts
from commands.chatting.planning import plan
from commands.chatting.request import Answered, ChatRequest, Planned
from commands.converse import Converse, Conversed, ConverseHandler
from commands.erase_chat_text import EraseChatText, EraseChatTextHandler
from commands.label_skill import LabelSkill, LabelSkillHandler
from commands.queue_install_run import QueueInstallRun
from domain.chat.intent import Action, Language
from domain.chat.outcome import Unclear
from domain.chat.plan import CancelStep, RetryStep, Skipped
from domain.chat.ports import LanguageModel
from domain.chat.reasons import Reason
from domain.chat.resolving import names_in, resolve, wants_every_skill
from domain.chat.said import Name, Pick, RunPick, Said
from domain.errors import Code
from domain.events import Actor, Context, Role
from tests.commands.chatting import MemoryChatWorld
from tests.commands.world import NAME, World
from tests.kit.facts import context

ANNA: Final = Actor(kind="api_key", id="anna", name="Anna", role=Role.OPERATOR)
BERT: Final = Actor(kind="api_key", id="bert", name="Bert", role=Role.OPERATOR)
ROOT: Final = Actor(kind="api_key", id="root", name="Root", role=Role.ADMIN)


class Chat:
    """`rest` is what chat sees of the world and does in it."""

    def __init__(
        self, world: World, *, rest: MemoryChatWorld | None = None, model: LanguageModel | None = None
    ) -> None:
        self.world = world
        self.rest = rest or MemoryChatWorld(world)
        self.texts = MemoryChatTexts(world.store)
        self.handler = ConverseHandler(
            handling=world.handling, world=self.rest, texts=self.texts, random_bytes=os.urandom, model=model
        )
        self.eraser = EraseChatTextHandler(handling=world.handling, texts=self.texts)

    async def say(
        self, message: str, *, by: Actor = ANNA, dry_run: bool = False, action_id: UUID | None = None
    ) -> Conversed:
        return await self.handler(Converse(message=message, dry_run=dry_run, action_id=action_id), context_of(by))

    async def confirm(self, token: str | None, message: str | None = None, *, by: Actor = ANNA) -> Conversed:
        assert token is not None
        return await self.handler(Converse(message=message, confirm=token), context_of(by))

    async def erase(self, action_id: UUID, *, by: Actor = ANNA) -> UUID:
        return await self.eraser(EraseChatText(action_id=action_id), context_of(by))

    async def queue(self, *providers: str, by: Actor = ANNA, **more: Any) -> UUID:
        facts = {"skill": NAME, "providers": providers} | more
        return (await self.world.queue_install_run(QueueInstallRun(**facts), context_of(by))).run_id

    async def install(self, *providers: str, **more: Any) -> UUID:
        """And let it succeed."""
        run_id = await self.queue(*providers, **more)
        for provider in providers:
            await self.world.carry_out(run_id, provider)
        return run_id

    async def fail(self, *providers: str, **more: Any) -> UUID:
        run_id = await self.queue(*providers, **more)
        for provider in providers:
            await self.world.fail(run_id, provider)
        return run_id

    async def label(self, label: str, version: int) -> None:
        command = LabelSkill(skill=NAME, label=label, ref=str(version))
        await LabelSkillHandler(handling=self.world.handling)(command, context())

    async def resolve(self, said: Said, *, by: Actor = ANNA) -> ChatRequest | Unclear:
        catalogue = await self.rest.catalogue(names_in(said), every=wants_every_skill(said))
        resolved = resolve(said, catalogue)
        if isinstance(resolved, Unclear):
            return resolved
        return ChatRequest(said=said, resolved=resolved, catalogue=catalogue, context=context_of(by))

    async def plan(self, said: Said, *, by: Actor = ANNA) -> Planned | Answered | Unclear:
        """What is made of a message that was heard like this."""
        resolved = await self.resolve(said, by=by)
        return resolved if isinstance(resolved, Unclear) else await self.plan_of(resolved)

    async def plan_of(self, request: ChatRequest) -> Planned | Answered | Unclear:
        return await plan(request, world=self.rest, new_id=uuid4)

    async def request(self, said: Said) -> ChatRequest:
        resolved = await self.resolve(said)
        assert isinstance(resolved, ChatRequest), resolved
        return resolved

    async def planned(self, said: Said, *, by: Actor = ANNA) -> Planned:
        found = await self.plan(said, by=by)
        assert isinstance(found, Planned), found
        return found

    async def unclear(self, said: Said, *, by: Actor = ANNA) -> Unclear:
        found = await self.plan(said, by=by)
        assert isinstance(found, Unclear), found
        return found

    async def found(self, said: Said, *, by: Actor = ANNA) -> Any:
        answered = await self.plan(said, by=by)
        assert isinstance(answered, Answered), answered
        return answered.found


def context_of(actor: Actor) -> Context:
    anyone = context()
    return Context(actor=actor, request_id=anyone.request_id, correlation_id=anyone.correlation_id)


def heard(action: Action, *skills: str, at: tuple[str, ...] = (), **more: Any) -> Said:
    """`name@ref` is a skill with a ref; the word "all" is every one there is."""
    facts = {"skills": _pick(skills), "providers": _pick(at)} | more
    return Said(language=Language.ENGLISH, action=action, **facts)


def _pick(words: tuple[str, ...]) -> Pick:
    names = tuple(Name(*word.split("@")) for word in words if word != "all")
    return Pick(names=names, every="all" in words)


def left_out(reason: Reason, *, at: str | None = None, run_id: UUID | None = None, code: Code | None = None) -> Skipped:
    """Of the usual skill."""
    return Skipped(skill=NAME, provider=at, run_id=run_id, reason=reason, code=code)


def meant(planned: Planned) -> list[UUID]:
    """The runs that are to be stopped, or to be tried again."""
    steps = [step for step in planned.plan.steps if isinstance(step, CancelStep | RetryStep)]
    assert len(steps) == len(planned.plan.steps)
    return [step.cancelled if isinstance(step, CancelStep) else step.retried for step in steps]


def ids(*run_ids: UUID | str) -> RunPick:
    return RunPick(ids=tuple(str(one) for one in run_ids))
