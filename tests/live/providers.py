"""The contract of every provider adapter, kept with the real providers. Run by `make live`; no other run collects this file."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final, cast

import pytest

from adapters.providers.catalog import CATALOG
from domain.installation.events import Receipt
from domain.ports import ProviderAdapter
from domain.provider.events import ProviderKind
from domain.provider.state import Provider
from tests.kit.provider_contract import ProviderContract
from tests.kit.providing import provider_at

DEADLINE_SECONDS: Final = 120.0
TEST_SECONDS_MAX: Final = 600
KINDS: Final = [kind for kind in CATALOG if kind != "noop"]


def variable_for(kind: ProviderKind) -> str:
    return f"WAYBILL_LIVE_{kind.upper()}_KEY"


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_a_key(kind: ProviderKind) -> None:
    if not os.environ.get(variable_for(kind)):
        pytest.skip(f"{kind} was not asked: {variable_for(kind)} is not in the environment")


class LiveContract(ProviderContract):
    """Without a key its tests are left out; one line that says so is enough."""

    pytestmark: ClassVar = [*ProviderContract.pytestmark, pytest.mark.timeout(TEST_SECONDS_MAX)]

    kind: ClassVar[ProviderKind]
    __test__: ClassVar[bool]

    def __init_subclass__(cls) -> None:
        cls.__test__ = bool(os.environ.get(variable_for(cls.kind)))

    @pytest.fixture
    def connection(self) -> Provider:
        key = os.environ[variable_for(self.kind)]
        return provider_at(CATALOG[self.kind].base_url, kind=self.kind, key=key)

    @asynccontextmanager
    async def opened(
        self, connection: Provider, *, deadline_seconds: float = DEADLINE_SECONDS
    ) -> AsyncIterator[ProviderAdapter]:
        """What is installed inside is uninstalled at the end, however that comes."""
        async with super().opened(connection, deadline_seconds=deadline_seconds) as adapter:
            remembering = Remembering(adapter)
            try:
                yield cast("ProviderAdapter", remembering)
            finally:
                for receipt in remembering.made:
                    await adapter.uninstall(receipt)


class Remembering:
    """The adapter, and what it `made`."""

    def __init__(self, adapter: ProviderAdapter) -> None:
        self._adapter = adapter
        self.made: list[Receipt] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    async def install(self, *arguments: Any) -> Receipt:
        self.made.append(await self._adapter.install(*arguments))
        return self.made[-1]

    async def restore(self, *arguments: Any) -> Receipt:
        self.made.append(await self._adapter.restore(*arguments))
        return self.made[-1]


class TestOpenAI(LiveContract):
    kind = "openai"


class TestClaude(LiveContract):
    kind = "claude"


class TestGemini(LiveContract):
    kind = "gemini"
