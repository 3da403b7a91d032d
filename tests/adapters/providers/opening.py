"""An OpenAI adapter for an address, opened and closed as the application does it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from adapters.providers.gateway import Gateway
from domain.ports import ProviderAdapter
from tests.kit.provider_conformance import PlainVault, provider_at


@asynccontextmanager
async def opened(
    url: str, *, key: str = "sk-test", deadline_seconds: float = 30, **more: Any
) -> AsyncIterator[ProviderAdapter]:
    gateway = Gateway(PlainVault())
    adapter = await gateway.open(provider_at(url, key=key, **more), deadline_seconds=deadline_seconds)
    try:
        yield adapter
    finally:
        await adapter.close()
        await gateway.close()
