"""From the words of a message to what is meant by them, or why that cannot be told."""

from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from commands.chatting.planning import asks_first, plan, role_for
from commands.chatting.request import Answered, ChatRequest, Planned
from commands.handling import Handling
from domain.chat.grammar.assent import assent
from domain.chat.grammar.parsing import parse
from domain.chat.intent import Action, Listed, Parser
from domain.chat.outcome import Unclear
from domain.chat.ports import ChatWorld, LanguageModel, ModelUnavailable
from domain.chat.reasons import Reason
from domain.chat.resolving import names_in, resolve, wants_every_skill
from domain.chat.said import Said
from domain.events import Context


class Understood(Struct, frozen=True, kw_only=True):
    """`asks`: it is asked first whether that is meant. `forbidden`: whoever said it may not, so it was not looked at further."""

    said: Said
    parser: Parser
    meaning: Planned | Answered | Unclear
    asks: bool = False
    forbidden: bool = False


class Understanding:
    """`model` is asked about what the grammar finds no sense in, if there is one."""

    def __init__(self, *, handling: Handling, world: ChatWorld, model: LanguageModel | None) -> None:
        self._handling = handling
        self._world = world
        self._model = model

    async def __call__(self, text: str, context: Context) -> Understood:
        """Raises StoreOffline."""
        said, parser = await self._hear(text)
        if said.obstacle is not None:
            return Understood(said=said, parser=parser, meaning=Unclear(reason=said.obstacle))
        catalogue = await self._world.catalogue(names_in(said), every=_needs_every_skill(said))
        resolved = resolve(said, catalogue)
        if not _may(context, resolved.intent.action):
            meaning = Unclear(intent=resolved.intent, reason=Reason.FORBIDDEN)
            return Understood(said=said, parser=parser, meaning=meaning, forbidden=True)
        if isinstance(resolved, Unclear):
            return Understood(said=said, parser=parser, meaning=resolved)
        request = ChatRequest(said=said, resolved=resolved, catalogue=catalogue, context=context)
        planned = await plan(request, world=self._world, new_id=self._handling.new_id)
        asks = isinstance(planned, Planned) and asks_first(request, planned.plan, parser=parser)
        return Understood(said=said, parser=parser, meaning=planned, asks=asks)

    async def _hear(self, text: str) -> tuple[Said, Parser]:
        heard = parse(text)
        if heard.obstacle is not Reason.NOT_UNDERSTOOD:
            return heard, "grammar"
        if assent(text) is not None:
            return replace(heard, obstacle=Reason.CONFIRMATION_INVALID), "grammar"
        if self._model is not None:
            with suppress(ModelUnavailable):
                # The answer is in the language of the message, whatever the model makes of that.
                return replace(await self._model.understand(text), language=heard.language), "model"
        return heard, "grammar"


def _may(context: Context, action: Action) -> bool:
    role = context.actor.role
    return role is not None and role.includes(role_for(action))


def _needs_every_skill(said: Said) -> bool:
    lists_skills = said.action is Action.LIST and said.listed is Listed.SKILLS
    return wants_every_skill(said) or lists_skills or said.action is Action.HELP
