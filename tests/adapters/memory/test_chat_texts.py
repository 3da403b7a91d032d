import pytest

from adapters.memory.chat_texts import MemoryChatTexts
from adapters.memory.event_store import MemoryEventStore
from tests.kit.chat_texts_conformance import ChatTextsConformance


class TestMemoryChatTexts(ChatTextsConformance):
    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore()

    @pytest.fixture
    def texts(self, store: MemoryEventStore) -> MemoryChatTexts:
        return MemoryChatTexts(store)
