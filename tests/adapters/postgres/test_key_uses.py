"""The last uses on Postgres: the latest one stays, whoever tells of it and when, and a rebuild leaves them alone."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.postgres.connection import open_pool
from adapters.postgres.key_uses import PostgresKeyUses
from domain.access.events import ApiKeyIssued
from domain.access.state import key_stream
from domain.errors import StoreOffline
from domain.events import Role
from projections.api_keys import API_KEYS
from queries.api_key_view import last_use
from queries.get_api_key import GetApiKey, get_api_key
from tests.kit.facts import recorded
from tests.kit.read_side import ReadSide, open_read_side

pytestmark = pytest.mark.anyio

# Between the clocks of a test and of its database, and for the answer to come.
TOLERANCE = timedelta(seconds=30)
WRITERS = 20


@pytest.fixture
async def side(database: str) -> AsyncIterator[ReadSide]:
    async with open_read_side(database) as side:
        yield side


@pytest.fixture
def key_uses(side: ReadSide) -> PostgresKeyUses:
    return PostgresKeyUses(side.pool)


async def used_ago(side: ReadSide, key_id: str, seconds: float) -> bool:
    used_at = await last_use(side.reader, key_id)
    return used_at is not None and abs(datetime.now(UTC) - used_at - timedelta(seconds=seconds)) < TOLERANCE


async def test_a_key_that_was_never_used_has_no_last_use(side: ReadSide, key_uses: PostgresKeyUses) -> None:
    await key_uses.note({"other": 1.0})
    assert await last_use(side.reader, "main") is None


async def test_uses_are_known_by_how_long_ago_they_were(side: ReadSide, key_uses: PostgresKeyUses) -> None:
    await key_uses.note({"main": 0.0, "anna": 3600.5})
    assert await used_ago(side, "main", 0)
    assert await used_ago(side, "anna", 3600.5)


async def test_a_later_use_takes_the_place_of_an_earlier_one(side: ReadSide, key_uses: PostgresKeyUses) -> None:
    await key_uses.note({"main": 3600.0})
    await key_uses.note({"main": 1800.0})
    assert await used_ago(side, "main", 1800)


async def test_an_earlier_use_that_is_told_later_changes_nothing(side: ReadSide, key_uses: PostgresKeyUses) -> None:
    await key_uses.note({"main": 0.0})
    latest = await last_use(side.reader, "main")
    await key_uses.note({"main": 3600.0, "anna": 0.0})
    assert await last_use(side.reader, "main") == latest


async def test_nothing_to_tell_is_no_mistake(key_uses: PostgresKeyUses) -> None:
    await key_uses.note({})


async def test_many_who_tell_of_the_same_keys_do_not_stand_in_each_others_way(
    side: ReadSide, key_uses: PostgresKeyUses
) -> None:
    """In whatever order they have them: as the processes of one Waybill do."""
    keys = [f"key{number}" for number in range(50)]
    orders = [keys, keys[::-1]] * (WRITERS // 2)
    await asyncio.gather(*(key_uses.note(dict.fromkeys(order, 1.0)) for order in orders))
    assert all([await used_ago(side, key, 1) for key in keys])


async def test_a_rebuild_of_the_read_model_leaves_the_last_uses_alone(
    side: ReadSide, key_uses: PostgresKeyUses
) -> None:
    issued = ApiKeyIssued(key_id="main", name="CI", role=Role.VIEWER, secret_sha256="ab" * 32)
    events = (recorded(issued, stream=key_stream("main")),)
    await side.tell(events)
    await key_uses.note({"main": 60.0})
    before = (await get_api_key(side.reader, GetApiKey(key_id="main"))).item
    await side.read_models.rewind(API_KEYS.name, epoch=side.epoch)
    assert await side.rows(API_KEYS) == []
    await side.take(API_KEYS.name, events=events)
    assert (await get_api_key(side.reader, GetApiKey(key_id="main"))).item == before
    assert before.last_used_at is not None
    assert before.last_used_at == await last_use(side.reader, "main")


async def test_without_a_database_it_says_so() -> None:
    async with open_pool("postgresql://waybill@127.0.0.1:1/waybill", name="test", size_max=1) as pool:
        with pytest.raises(StoreOffline):
            await PostgresKeyUses(pool).note({"main": 0.0})
