"""The chat texts on Postgres do what the port promises, and nothing is left of what was erased."""

from collections.abc import AsyncIterator
from uuid import uuid4

import psycopg
import pytest

from adapters.postgres.chat_texts import PostgresChatTexts
from adapters.postgres.connection import open_pool
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.idempotency import PostgresIdempotencyKeys
from domain.errors import StoreOffline
from domain.idempotency import KeyClaim
from tests.kit.chat_texts_conformance import SALT, ChatTextsConformance, say
from tests.kit.idempotency_conformance import ANSWER, LONG_SECONDS, claim, claimed

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresEventStore]:
    store = PostgresEventStore(database, name="test")
    yield store
    await store.close()


@pytest.fixture
async def texts(database: str) -> AsyncIterator[PostgresChatTexts]:
    async with open_pool(database, name="test", size_max=2) as pool:
        yield PostgresChatTexts(pool)


class TestPostgresChatTexts(ChatTextsConformance):
    pass


async def test_the_salt_goes_with_the_text(database: str, store: PostgresEventStore, texts: PostgresChatTexts) -> None:
    action_id = await say(store, "forget this")
    with psycopg.connect(database, autocommit=True) as connection:
        rows = "SELECT action_id, salt, text FROM chat_texts"
        assert connection.execute(rows).fetchall() == [(action_id, SALT, "forget this")]
        await texts.erase(action_id)
        assert connection.execute(rows).fetchall() == []


async def test_the_kept_answer_goes_with_the_text_and_its_request_may_come_again(
    database: str, store: PostgresEventStore, texts: PostgresChatTexts
) -> None:
    async with open_pool(database, name="test", size_max=2) as pool:
        keys = PostgresIdempotencyKeys(pool)
        erased, at_work, other = [await claimed(keys, uuid4()) for _ in range(3)]
        for one in (erased, other):
            assert await keys.keep(one, ANSWER, kept_seconds=LONG_SECONDS)
        for one in (erased, at_work):
            await texts.erase(one.made_id)
        assert not await keys.keep(at_work, ANSWER, kept_seconds=LONG_SECONDS)
        for one in (erased, at_work):
            again = await claim(keys, one.key_id)
            assert isinstance(again, KeyClaim)
            assert (again.made_id, again.is_first) == (one.made_id, False)
        assert await claim(keys, other.key_id) == ANSWER


@pytest.mark.parametrize("method", ["read", "erase"])
async def test_without_a_database_it_says_so(method: str) -> None:
    async with open_pool("postgresql://waybill@127.0.0.1:1/waybill", name="test", size_max=1) as pool:
        texts = PostgresChatTexts(pool)
        with pytest.raises(StoreOffline):
            await (texts.read((uuid4(),)) if method == "read" else texts.erase(uuid4()))
