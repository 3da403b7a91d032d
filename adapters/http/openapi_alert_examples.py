"""An example of what is told of alerts on their way out, for the OpenAPI document."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from adapters.http.openapi_example_facts import AT
from domain.alert.deliveries import Delivery, DeliveryStatus
from domain.alert.rules import RuleName, Severity

DELIVERY: Final = Delivery(
    id=UUID("019d33dd-9f44-7c10-8a52-3b7d60e1f2c8"),
    webhook="pager",
    alert_id=UUID("019d33dd-9a10-7b5e-9d2c-5f1e0c4b7a31"),
    message_id="019d33dd-9a1b-7f02-b6c4-71a5e8d90c14",
    event="raised",
    rule=RuleName.REPEATED_FAILURES,
    severity=Severity.WARNING,
    attempt=1,
    at=AT,
    status=DeliveryStatus.FAILED,
    http_status=503,
    error=None,
    duration_seconds=0.214,
    next_attempt_at=AT + timedelta(seconds=4),
)
