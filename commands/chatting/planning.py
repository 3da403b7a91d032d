"""From a message whose names all exist to what is to be done, or to what was asked after, or to why neither can be told."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from commands.chatting.installs import plan_installs
from commands.chatting.reading import answer
from commands.chatting.removals import plan_uninstalls
from commands.chatting.repairs import plan_cancels, plan_retries
from commands.chatting.request import Answered, ChatRequest, Planned
from commands.chatting.rollbacks import plan_rollbacks
from domain.chat.intent import Action, Parser
from domain.chat.outcome import Unclear
from domain.chat.plan import STEPS_MAX, InstallStep, PinnedProvider, Plan, RetryStep, VerifyStep
from domain.chat.ports import ChatWorld
from domain.chat.reasons import Reason
from domain.events import Role

# What takes something away or stops it.
ALWAYS_ASKED: Final = frozenset({Action.UNINSTALL, Action.CANCEL, Action.ROLLBACK})


async def plan(request: ChatRequest, *, world: ChatWorld, new_id: Callable[[], UUID]) -> Planned | Answered | Unclear:
    """Raises StoreOffline."""
    if request.said.action.changes and request.leaves_nothing:
        return request.unclear(Reason.NOTHING_TO_DO)
    match request.said.action:
        case Action.INSTALL:
            return await plan_installs(request, world=world, new_id=new_id)
        case Action.UNINSTALL:
            return await plan_uninstalls(request, world=world, new_id=new_id)
        case Action.CANCEL:
            return await plan_cancels(request, world=world)
        case Action.RETRY:
            return await plan_retries(request, world=world, new_id=new_id)
        case Action.ROLLBACK:
            return await plan_rollbacks(request, world=world, new_id=new_id)
        case Action.VERIFY:
            return _plan_verifications(request)
        case _:
            return await answer(request, world)


def role_for(action: Action) -> Role:
    """What whoever says it must be."""
    if action is Action.VERIFY:
        return Role.ADMIN
    return Role.OPERATOR if action.changes else Role.VIEWER


def asks_first(request: ChatRequest, what: Plan, *, parser: Parser) -> bool:
    """Whether it is asked if it is meant, before anything is done."""
    if not what.steps:
        return False
    if request.said.unsure or request.said.polite or parser == "model" or request.said.action in ALWAYS_ASKED:
        return True
    return _places(what) > 1


def _places(what: Plan) -> int:
    """Where something would be put, or tried again; one that is verified does not change for that."""
    return sum(len(step.providers) for step in what.steps if isinstance(step, InstallStep | RetryStep))


def _plan_verifications(request: ChatRequest) -> Planned | Unclear:
    providers = request.resolved.providers
    if not providers:
        return request.unclear(Reason.MISSING_PROVIDER)
    if len(providers) > STEPS_MAX:
        return request.unclear(Reason.TOO_MANY)
    steps = tuple(VerifyStep(provider=PinnedProvider(id=provider.id, name=provider.name)) for provider in providers)
    return Planned(intent=request.resolved.intent, plan=Plan(steps=steps))
