"""Say that something is so which a person has to know of; while it lasts it is said again, as often as its rule has it."""

from uuid import UUID

from msgspec import Struct

from commands.handling import Handling, Session
from domain.alert.decisions import Condition, raise_alert
from domain.alert.events import AlertRaised, AlertRepeated
from domain.alert.rules import Rule
from domain.alert.state import ALERT, alert_stream
from domain.events import Context


class RaiseAlert(Struct, frozen=True, kw_only=True):
    """`alert_id` is that of an alert which was said before it could be recorded; otherwise a new one gets an id of its own."""

    condition: Condition
    rule: Rule
    alert_id: UUID | None = None


class RaiseAlertHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: RaiseAlert, context: Context) -> AlertRaised | AlertRepeated | None:
        """What was said of it; None: it is open already, and not yet to be said again. Raises Busy, StoreOffline."""
        stream = alert_stream(command.condition.rule, command.condition.subject)
        alert_id = command.alert_id or self._handling.new_id()

        async def decide(session: Session) -> AlertRaised | AlertRepeated | None:
            alert = await session.load(stream, ALERT)
            events = raise_alert(alert, command.condition, rule=command.rule, alert_id=alert_id, now=session.now)
            session.append(stream, *events)
            return events[-1] if events else None

        said, _ = await self._handling.handle(decide, context=context)
        return said
