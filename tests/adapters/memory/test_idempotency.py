import pytest

from adapters.memory.idempotency import MemoryIdempotencyKeys
from tests.kit.idempotency_conformance import IdempotencyConformance


class TestMemoryIdempotencyKeys(IdempotencyConformance):
    @pytest.fixture
    def keys(self) -> MemoryIdempotencyKeys:
        return MemoryIdempotencyKeys()
