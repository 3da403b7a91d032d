"""The chat texts port in memory, on the side rows that a memory store holds."""

from collections.abc import Collection, Mapping
from uuid import UUID

from adapters.memory.event_store import MemoryEventStore
from domain.chat.texts import CHAT_TEXTS


class MemoryChatTexts:
    """Implements `ChatTexts`."""

    def __init__(self, store: MemoryEventStore) -> None:
        self._store = store

    async def read(self, action_ids: Collection[UUID]) -> Mapping[UUID, str]:
        rows = self._store.rows.get(CHAT_TEXTS, [])
        return {row["action_id"]: row["text"] for row in rows if row["action_id"] in action_ids}

    async def erase(self, action_id: UUID) -> None:
        rows = self._store.rows.get(CHAT_TEXTS, [])
        rows[:] = [row for row in rows if row["action_id"] != action_id]
