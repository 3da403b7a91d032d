"""The words of chat actions, kept apart from the events so that they can be erased."""

from collections.abc import Collection, Mapping
from typing import Final, Protocol
from uuid import UUID

from domain.ports import SideRow

CHAT_TEXTS: Final = "chat_texts"


def text_row(*, action_id: UUID, salt: bytes, text: str) -> SideRow:
    """Stored together with the receipt of the action. Without the salt nobody can guess the text from its hash."""
    return SideRow(table=CHAT_TEXTS, values={"action_id": action_id, "salt": salt, "text": text})


class ChatTexts(Protocol):
    """Every method raises StoreOffline."""

    async def read(self, action_ids: Collection[UUID]) -> Mapping[UUID, str]:
        """The texts of those that have one."""
        ...

    async def erase(self, action_id: UUID) -> None:
        """The text, the salt of its hash, and any answer that is kept and repeats the words. Quiet if they are gone already."""
        ...
