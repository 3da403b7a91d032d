"""Carries out the plan of a chat action and notes what came of it; a second time does nothing more."""

from functools import reduce
from uuid import UUID

from msgspec.structs import replace

from commands.chatting.answers import Done, conclude
from commands.handling import Handling, Session
from domain.chat.events import ChatCommandConfirmed, ChatCommandReceived
from domain.chat.facts import ProvidersFound
from domain.chat.plan import Plan, StepRefused, VerifyStep
from domain.chat.ports import ChatWorld
from domain.chat.state import CHAT_ACTION, ChatAction, ChatStatus, evolve
from domain.errors import ChatActionNotFound, HistoryTooNew, StoreOffline, WaybillError
from domain.events import Context, Recorded


class Execution:
    def __init__(self, *, handling: Handling, world: ChatWorld) -> None:
        self._handling = handling
        self._world = world

    async def __call__(self, action_id: UUID, context: Context) -> ChatAction:
        """What the action has come to. Raises Busy, StoreOffline."""
        history = await self._handling.history(action_id)
        action = CHAT_ACTION.fold(history)
        if action is None:
            raise ChatActionNotFound
        if action.status.ended:
            return action
        because = _because(history, context)
        done = await self._carry_out(action.plan, because)

        async def decide(session: Session) -> ChatAction:
            state = await session.load(action_id, CHAT_ACTION)
            if state is None:
                raise ChatActionNotFound
            events = conclude(state, done)
            session.append(action_id, *events)
            return reduce(evolve, events, state)

        concluded, _ = await self._handling.handle(decide, context=because)
        return concluded

    async def found(self, action: ChatAction) -> ProvidersFound | None:
        """What connections are like now that they were verified; None if none were. Raises StoreOffline."""
        verified = {step.provider.id for step in action.plan.steps if isinstance(step, VerifyStep)}
        if not verified or action.status is not ChatStatus.ACCEPTED:
            return None
        catalogue = await self._world.catalogue(frozenset(), every=False)
        return ProvidersFound(items=tuple(one for one in catalogue.providers if one.id in verified))

    async def _carry_out(self, plan: Plan, context: Context) -> Done:
        """A step that is refused does not keep the others from being done."""
        run_ids: list[UUID] = []
        refusals: list[StepRefused] = []
        for index, step in enumerate(plan.steps):
            try:
                run_id = await self._world.carry_out(step, context)
            except (StoreOffline, HistoryTooNew):
                raise
            except WaybillError as refused:
                refusals.append(StepRefused(step=index, code=refused.code))
            else:
                run_ids += [] if run_id is None else [run_id]
        return Done(run_ids=tuple(run_ids), refusals=tuple(refusals))


def _because(history: tuple[Recorded, ...], context: Context) -> Context:
    """What is done follows from the message, or from the yes to it, and belongs together with it."""
    causes = [one.id for one in history if isinstance(one.event, ChatCommandReceived | ChatCommandConfirmed)]
    return replace(context, causation_id=causes[-1], correlation_id=history[0].correlation_id)
