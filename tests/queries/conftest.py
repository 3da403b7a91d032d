"""What every test of a query may ask for: the read side of an empty database."""

from collections.abc import AsyncIterator

import pytest

from tests.kit.read_side import ReadSide, open_read_side


@pytest.fixture
async def side(database: str) -> AsyncIterator[ReadSide]:
    async with open_read_side(database) as side:
        yield side
