"""The provider in memory, on which the installer is tested, keeps the contract of the real ones."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from domain.ports import ProviderAdapter
from domain.provider.state import Provider
from tests.kit.provider_contract import SkillContract
from tests.kit.providing import DEADLINE_SECONDS, provider_at
from tests.kit.shelf_provider import ShelfGateway


class TestShelf(SkillContract):
    @pytest.fixture
    def connection(self) -> Provider:
        return provider_at("https://shelf.invalid")

    @asynccontextmanager
    async def opened(
        self, connection: Provider, *, deadline_seconds: float = DEADLINE_SECONDS
    ) -> AsyncIterator[ProviderAdapter]:
        gateway = ShelfGateway(lambda: datetime.now(UTC))
        adapter = await gateway.open(connection, deadline_seconds=deadline_seconds)
        yield adapter
        await adapter.close()
