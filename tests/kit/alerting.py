"""Alerts to be sent, and the secrets that webhooks are signed with."""

import base64
from datetime import UTC, datetime
from uuid import uuid4

from adapters.nats.alerts import AlertKind, AlertMessage
from domain.alert.rules import Severity

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER_SECRET = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()


def alert(
    rule: str = "stuck", *, kind: AlertKind = "raised", severity: Severity = Severity.WARNING, subject: str = "store"
) -> AlertMessage:
    return AlertMessage(
        id=str(uuid4()),
        kind=kind,
        alert_id=uuid4(),
        rule=rule,
        severity=severity,
        subject=subject,
        facts={"rescues": 3},
        times=1 if kind == "raised" else None,
        at=datetime.now(UTC),
        position=7,
        correlation_id=uuid4(),
    )
