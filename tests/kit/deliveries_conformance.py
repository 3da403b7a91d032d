"""What every log of webhook deliveries does."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import uuid_utils.compat
from msgspec.structs import replace

from domain.alert.deliveries import Deliveries, Delivery, DeliverySearch, DeliveryStatus
from domain.alert.rules import Severity
from tests.kit.facts import NOON


def delivery(**more: Any) -> Delivery:
    known: dict[str, Any] = {
        "id": uuid_utils.compat.uuid7(),
        "webhook": "pager",
        "alert_id": uuid4(),
        "message_id": "m",
        "event": "raised",
        "rule": "stuck",
        "severity": Severity.WARNING,
        "attempt": 1,
        "at": NOON,
        "status": DeliveryStatus.DELIVERED,
        "http_status": 204,
        "error": None,
        "duration_seconds": 0.25,
        "next_attempt_at": None,
    }
    return Delivery(**known | more)


class DeliveriesConformance:
    """The `deliveries` fixture gives an empty one."""

    async def test_what_is_noted_is_found_the_newest_first(self, deliveries: Deliveries) -> None:
        failed = {"status": DeliveryStatus.FAILED, "http_status": None, "error": "no connection"}
        noted = [delivery(), delivery(**failed, next_attempt_at=NOON, attempt=3), delivery()]
        await deliveries.note(noted)
        assert await deliveries.find(DeliverySearch(), limit=10) == tuple(reversed(noted))
        assert await deliveries.find(DeliverySearch(), limit=2) == (noted[2], noted[1])
        assert await deliveries.find(DeliverySearch(before=noted[1].id), limit=10) == (noted[0],)

    async def test_what_is_noted_again_stays_as_it_is(self, deliveries: Deliveries) -> None:
        first = delivery()
        await deliveries.note([first])
        await deliveries.note([replace(first, attempt=9), second := delivery()])
        assert await deliveries.find(DeliverySearch(), limit=10) == (second, first)

    async def test_one_is_found_by_each_of_its_sides(self, deliveries: Deliveries) -> None:
        one = delivery(
            webhook="mine", status=DeliveryStatus.GIVEN_UP, rule="relay-lag", message_id="x", at=NOON + timedelta(1)
        )
        await deliveries.note([delivery(), one, delivery(at=NOON + timedelta(2))])
        for search in (
            DeliverySearch(webhook=("mine", "nobodys")),
            DeliverySearch(status=(DeliveryStatus.GIVEN_UP,)),
            DeliverySearch(rule=("relay-lag",)),
            DeliverySearch(alert_id=(one.alert_id, UUID(int=1))),
            DeliverySearch(message_id=("x",)),
            DeliverySearch(since=one.at, until=one.at + timedelta(1)),
            DeliverySearch(webhook=("mine",), rule=("relay-lag",)),
        ):
            assert await deliveries.find(search, limit=10) == (one,), search
        assert await deliveries.find(DeliverySearch(webhook=("mine",), rule=("stuck",)), limit=10) == ()
