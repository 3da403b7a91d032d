"""The log of webhook deliveries on Postgres does what the port promises, and forgets in time."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.postgres.connection import open_pool
from adapters.postgres.webhook_deliveries import KEPT_DAYS, PostgresDeliveries
from domain.alert.deliveries import DeliverySearch
from domain.errors import StoreOffline
from tests.kit.deliveries_conformance import DeliveriesConformance, delivery

pytestmark = pytest.mark.anyio


@pytest.fixture
async def deliveries(database: str) -> AsyncIterator[PostgresDeliveries]:
    async with open_pool(database, name="test", size_max=2) as pool:
        yield PostgresDeliveries(pool)


class TestPostgresDeliveries(DeliveriesConformance):
    @pytest.fixture(autouse=True)
    def _today(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whenever this runs, what is noted is not too old."""
        monkeypatch.setattr("tests.kit.deliveries_conformance.NOON", datetime.now(UTC).replace(microsecond=0))


async def test_what_is_old_is_forgotten_when_something_new_is_noted(deliveries: PostgresDeliveries) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    old = delivery(at=now - timedelta(days=KEPT_DAYS, seconds=60))
    kept = delivery(at=now - timedelta(days=KEPT_DAYS - 1))
    await deliveries.note([old, kept])
    new = delivery(at=now)
    await deliveries.note([new])
    assert await deliveries.find(DeliverySearch(), limit=10) == (new, kept)


async def test_a_database_that_is_away_is_said_to_be() -> None:
    async with open_pool("postgresql://waybill@127.0.0.1:1/none", name="test", size_max=1) as pool:
        nowhere = PostgresDeliveries(pool)
        with pytest.raises(StoreOffline):
            await nowhere.note([delivery()])
        with pytest.raises(StoreOffline):
            await nowhere.find(DeliverySearch(), limit=1)
