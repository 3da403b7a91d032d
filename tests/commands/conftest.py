"""An empty world, and one in which a skill and two providers are ready."""

import pytest

from tests.commands.world import World


@pytest.fixture
def empty() -> World:
    return World()


@pytest.fixture
async def world(empty: World) -> World:
    await empty.register()
    for name in ("openai", "backup"):
        await empty.connect(name)
    return empty
