"""What the API says of an alert that is open, of one that is over, and of one that does not exist."""

from typing import Final
from uuid import uuid4

from commands.handling import Handling
from commands.raise_alert import RaiseAlert, RaiseAlertHandler
from commands.resolve_alert import ResolveAlert, ResolveAlertHandler
from domain.alert.decisions import Condition
from domain.alert.rules import DEFAULT, RuleName
from domain.events import Role
from tests.adapters.http.exchanges import NOBODY, Exchanges
from tests.adapters.http.serving import Api
from tests.kit.facts import context
from workers.wiring import now

ALERTS: Final = "/api/alerts"
OPEN: Final = Condition(
    rule=RuleName.PROVIDER_FAILING,
    subject="provider:openai",
    facts={"kind": "openai", "code": "unauthorized:provider", "active": False, "since": "2026-11-22T12:00:00Z"},
)
OVER: Final = Condition(
    rule=RuleName.RELAY_LAG, subject="part:relay", facts={"lagEvents": 6012, "position": 48_113, "part": "relay"}
)


async def exchange_alerts(say: Exchanges, api: Api) -> None:
    handling = Handling(store=api.store, clock=now, new_id=uuid4)
    raise_alert, resolve_alert = RaiseAlertHandler(handling=handling), ResolveAlertHandler(handling=handling)
    for condition in (OVER, OPEN):
        command = RaiseAlert(condition=condition, rule=DEFAULT.of(condition.rule))
        assert await raise_alert(command, context())
    assert await resolve_alert(ResolveAlert(rule=OVER.rule, subject=OVER.subject), context())
    viewer = api.clients[Role.VIEWER]
    listed = await say.ask("alerts.list", viewer, "GET", f"{ALERTS}?rule=provider-failing&rule=relay-lag")
    await say.ask("alerts.list.open", viewer, "GET", f"{ALERTS}?status=open&severity=critical&subject=provider:openai")
    await say.ask("alerts.get", viewer, "GET", f"{ALERTS}/{listed['items'][-1]['id']}")
    await say.ask("alerts.get.not-found", viewer, "GET", f"{ALERTS}/{NOBODY}")
