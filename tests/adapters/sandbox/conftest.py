"""Every test here talks to a sandbox that uvicorn serves on loopback, in the test's own event loop."""

from collections.abc import AsyncIterator

import pytest

from tests.kit.sandboxed import Served, serving


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def sandbox(anyio_backend: str) -> AsyncIterator[Served]:
    async with serving(None) as served:
        yield served
