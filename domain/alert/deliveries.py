"""What became of each attempt to deliver an alert to a webhook, kept for whoever asks. No event: it says nothing of what Waybill did
to a skill, and a database that is away must not keep an alert from going out.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from domain.alert.rules import Severity


class DeliveryStatus(StrEnum):
    """`failed`: it is tried again at `next_attempt_at`. `given_up`: it is not."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GIVEN_UP = "given_up"


class Delivery(Struct, frozen=True, kw_only=True, rename="camel"):
    """One attempt. `message_id` is the `webhook-id` that the receiver sees, the same in every attempt. `event` is what was said of
    the alert: raised, repeated, resolved or test. `http_status` is None if no answer came, and `error` then says why.
    """

    id: UUID
    webhook: str
    alert_id: UUID
    message_id: str
    event: str
    rule: str
    severity: Severity
    attempt: int
    at: datetime
    status: DeliveryStatus
    http_status: int | None
    error: str | None
    duration_seconds: float
    next_attempt_at: datetime | None


class DeliverySearch(Struct, frozen=True, kw_only=True):
    """Of several values of one field any will do; an empty one says nothing. `before` is the id of one that all come before."""

    webhook: tuple[str, ...] = ()
    status: tuple[DeliveryStatus, ...] = ()
    rule: tuple[str, ...] = ()
    alert_id: tuple[UUID, ...] = ()
    message_id: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    before: UUID | None = None


class Deliveries(Protocol):
    """The log of them. Ids are UUIDv7, so that their order is that of the attempts. All raise StoreOffline."""

    async def note(self, deliveries: Sequence[Delivery]) -> None:
        """Quiet about those that are noted already."""
        ...

    async def find(self, search: DeliverySearch, *, limit: int) -> tuple[Delivery, ...]:
        """The newest first."""
        ...
