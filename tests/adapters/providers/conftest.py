"""A sandbox served on loopback in the test's own event loop, and a server that answers word for word."""

from collections.abc import AsyncIterator

import pytest

from tests.kit.canned import CannedServer
from tests.kit.sandboxed import Served, serving


@pytest.fixture
async def sandbox(anyio_backend: str) -> AsyncIterator[Served]:
    async with serving(None) as served:
        yield served


@pytest.fixture
async def canned(anyio_backend: str) -> AsyncIterator[CannedServer]:
    async with CannedServer() as server:
        yield server
