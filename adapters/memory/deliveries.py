"""The log of webhook deliveries in memory."""

from collections.abc import Sequence
from uuid import UUID

from domain.alert.deliveries import Delivery, DeliverySearch


class MemoryDeliveries:
    """Implements `Deliveries`."""

    def __init__(self) -> None:
        self._noted: dict[UUID, Delivery] = {}

    async def note(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._noted.setdefault(delivery.id, delivery)

    async def find(self, search: DeliverySearch, *, limit: int) -> tuple[Delivery, ...]:
        found = sorted(
            (one for one in self._noted.values() if _fits(one, search)), key=lambda one: one.id, reverse=True
        )
        return tuple(found[:limit])


def _fits(delivery: Delivery, search: DeliverySearch) -> bool:
    named = ("webhook", "status", "rule", "alert_id", "message_id")
    return (
        all(not (wanted := getattr(search, name)) or getattr(delivery, name) in wanted for name in named)
        and (search.since is None or delivery.at >= search.since)
        and (search.until is None or delivery.at < search.until)
        and (search.before is None or delivery.id < search.before)
    )
