"""The idempotency keys on Postgres do what the port promises, and those whose time is over are removed in passing."""

from collections.abc import AsyncIterator
from uuid import uuid4

import psycopg
import pytest

from adapters.postgres.connection import open_pool
from adapters.postgres.idempotency import PRUNE_EVERY, PostgresIdempotencyKeys
from domain.errors import StoreOffline
from tests.kit.idempotency_conformance import ANSWER, LONG_SECONDS, IdempotencyConformance, claim, claimed

pytestmark = pytest.mark.anyio


@pytest.fixture
async def keys(database: str) -> AsyncIterator[PostgresIdempotencyKeys]:
    async with open_pool(database, name="test", size_max=4) as pool:
        yield PostgresIdempotencyKeys(pool)


class TestPostgresIdempotencyKeys(IdempotencyConformance):
    pass


async def test_what_is_over_is_removed_in_passing_and_nothing_else(
    database: str, keys: PostgresIdempotencyKeys
) -> None:
    over = [(await claimed(keys, uuid4(), kept_seconds=0)).key_id for _ in range(3)]
    in_flight = await claimed(keys, uuid4())
    kept = [await claimed(keys, uuid4()) for _ in range(PRUNE_EVERY)]
    for one in kept:
        assert await keys.keep(one, ANSWER, kept_seconds=LONG_SECONDS)
    with psycopg.connect(database) as connection:
        left = {row[0] for row in connection.execute("SELECT id FROM idempotency_keys")}
    assert left == {in_flight.key_id, *(one.key_id for one in kept)}
    assert not left & set(over)


async def test_without_a_database_it_says_so() -> None:
    async with open_pool("postgresql://waybill@127.0.0.1:1/waybill", name="test", size_max=1) as pool:
        with pytest.raises(StoreOffline):
            await claim(PostgresIdempotencyKeys(pool), uuid4())
