"""What is found in the stories, said again and resolved, and what somebody takes home of them."""

from typing import Final
from uuid import NAMESPACE_OID, UUID, uuid5

from domain.alert.events import AlertRaised, AlertRepeated, AlertResolved
from domain.alert.rules import RuleName, Severity
from domain.alert.state import alert_stream
from domain.evidence.events import EvidenceExported
from tests.kit.facts import NOON
from tests.projections.telling import Telling

ALERT_STREAM: Final = alert_stream(RuleName.PROVIDER_FAILING, "provider:openai")
EXPORTED: Final = EvidenceExported(kind="audit_log", format="csv", filters=("since",), since=NOON, up_to_position=12)


def raised(alert_id: UUID | None = None) -> AlertRaised:
    return AlertRaised(
        alert_id=alert_id or uuid5(NAMESPACE_OID, "an alert"),
        rule=RuleName.PROVIDER_FAILING,
        severity=Severity.CRITICAL,
        subject="provider:openai",
        facts={"provider": "openai"},
        again_at=NOON,
    )


class Alerts:
    """One that is raised, repeated and resolved, and raised anew."""

    def __init__(self, story: Telling) -> None:
        self._story = story
        self._open: AlertRaised | None = None
        self._times = 1

    def say(self) -> None:
        if self._open is None:
            self._open, self._times = raised(uuid5(NAMESPACE_OID, str(len(self._story.events)))), 1
            self._story.add(ALERT_STREAM, self._open)
            return
        self._times += 1
        alert = self._open
        repeated = AlertRepeated(
            alert_id=alert.alert_id,
            rule=alert.rule,
            severity=alert.severity,
            subject=alert.subject,
            facts=alert.facts,
            times=self._times,
            again_at=NOON,
        )
        self._story.add(ALERT_STREAM, repeated)

    def end(self) -> None:
        if self._open is None:
            return
        alert, self._open = self._open, None
        resolved = AlertResolved(
            alert_id=alert.alert_id,
            rule=alert.rule,
            severity=alert.severity,
            subject=alert.subject,
            facts=alert.facts,
        )
        self._story.add(ALERT_STREAM, resolved)
