"""A chat action as people see it: the read model, with what was said for those who may read it."""

from collections.abc import Sequence

from domain.chat.texts import ChatTexts
from domain.events import Actor, Role
from projections.chat_actions import ChatActionEntry


class ChatAction(ChatActionEntry, frozen=True, kw_only=True, rename="camel"):
    """`text` is what was said, without what looked like a secret; None for whoever neither said it nor is an admin, and once it
    was erased.
    """

    text: str | None


class PlacedChatAction(ChatActionEntry, frozen=True, kw_only=True, rename="camel"):
    caller: str
    received_position: int


def may_read(reader: Actor, *, caller: str) -> bool:
    """Whoever said it, and admins."""
    return reader.role is Role.ADMIN or (reader.kind == "api_key" and reader.id == caller)


async def with_texts(texts: ChatTexts, found: Sequence[PlacedChatAction], *, seen_by: Actor) -> tuple[ChatAction, ...]:
    """Raises StoreOffline."""
    readable = {one.id for one in found if may_read(seen_by, caller=one.caller) and not one.text_erased}
    said = await texts.read(readable) if readable else {}
    names = ChatActionEntry.__struct_fields__
    return tuple(ChatAction(**{name: getattr(one, name) for name in names}, text=said.get(one.id)) for one in found)
