"""Say that what an alert was raised for is over."""

from msgspec import Struct

from commands.handling import Handling, Session
from domain.alert.decisions import resolve_alert
from domain.alert.events import AlertResolved
from domain.alert.rules import RuleName
from domain.alert.state import ALERT, alert_stream
from domain.events import Context


class ResolveAlert(Struct, frozen=True, kw_only=True):
    rule: RuleName
    subject: str


class ResolveAlertHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: ResolveAlert, context: Context) -> AlertResolved | None:
        """What was said of it; None: no such alert is open. Raises Busy, StoreOffline."""
        stream = alert_stream(command.rule, command.subject)

        async def decide(session: Session) -> AlertResolved | None:
            events = resolve_alert(await session.load(stream, ALERT, remember_absent=True))
            session.append(stream, *events)
            return events[-1] if events else None

        said, _ = await self._handling.handle(decide, context=context)
        return said
