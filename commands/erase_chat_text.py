"""Forget what was said: the words and the salt of their hash go, and what was meant by them stays."""

from uuid import UUID

from msgspec import Struct

from commands.handling import Handling, Session
from domain.chat.decisions import erase
from domain.chat.state import CHAT_ACTION
from domain.chat.texts import ChatTexts
from domain.events import Context


class EraseChatText(Struct, frozen=True, kw_only=True):
    action_id: UUID


class EraseChatTextHandler:
    def __init__(self, *, handling: Handling, texts: ChatTexts) -> None:
        self._handling = handling
        self._texts = texts

    async def __call__(self, command: EraseChatText, context: Context) -> UUID:
        """The id of the chat action. Whoever is cut off between the two steps asks again.

        Raises ChatActionNotFound, ChatTextForbidden, Busy, StoreOffline.
        """

        async def decide(session: Session) -> None:
            state = await session.load(command.action_id, CHAT_ACTION)
            session.append(command.action_id, *erase(state, by=context.actor))

        await self._handling.handle(decide, context=context)
        await self._texts.erase(command.action_id)
        return command.action_id
