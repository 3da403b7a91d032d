"""An OpenAI adapter for an address."""

from contextlib import AbstractAsyncContextManager
from typing import Any

from domain.ports import ProviderAdapter
from tests.kit.providing import DEADLINE_SECONDS, opened_at, provider_at


def opened(
    url: str, *, key: str = "sk-test", deadline_seconds: float = DEADLINE_SECONDS, **more: Any
) -> AbstractAsyncContextManager[ProviderAdapter]:
    return opened_at(provider_at(url, key=key, **more), deadline_seconds=deadline_seconds)
