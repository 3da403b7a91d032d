"""One chat action."""

from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.chat.texts import ChatTexts
from domain.errors import ChatActionNotFound
from domain.events import Actor
from projections.chat_actions import CHAT_ACTIONS
from queries.chat_action_view import ChatAction, PlacedChatAction, with_texts
from queries.reading import Answer, Reader, is_stale, only

SQL: Final = "SELECT {columns} FROM {table} WHERE id = %(id)s"


class GetChatAction(Struct, frozen=True, kw_only=True):
    action_id: UUID
    seen_by: Actor
    min_position: int | None = None


async def get_chat_action(reader: Reader, texts: ChatTexts, query: GetChatAction) -> Answer[ChatAction]:
    """Raises ChatActionNotFound."""
    stale = await is_stale(reader, CHAT_ACTIONS, query.min_position)
    rows = await reader.fetch(CHAT_ACTIONS, SQL, {"id": query.action_id}, PlacedChatAction)
    missing = ChatActionNotFound(f"No chat action has the id {query.action_id}.")
    found = only(rows, stale=stale, missing=missing)
    (shown,) = await with_texts(texts, (found.item,), seen_by=query.seen_by)
    return Answer(item=shown, stale=stale)
