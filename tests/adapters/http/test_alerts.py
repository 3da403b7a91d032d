"""Alerts over HTTP: the newest first, by rule, status, severity, subject and time, and each by its id."""

from typing import Any
from uuid import UUID, uuid4

import pytest
import uuid_utils.compat

from commands.handling import Handling
from commands.raise_alert import RaiseAlert, RaiseAlertHandler
from commands.resolve_alert import ResolveAlert, ResolveAlertHandler
from domain.alert.decisions import Condition
from domain.alert.rules import Rule, RuleName, Severity
from domain.events import Role
from tests.adapters.http.serving import Api
from tests.kit.facts import context
from workers.wiring import now

pytestmark = pytest.mark.anyio

ALERTS = "/api/alerts"


class Raising:
    """Alerts about things that no other test has."""

    def __init__(self, api: Api) -> None:
        self.handling = Handling(store=api.store, clock=now, new_id=uuid_utils.compat.uuid7)
        self.about = uuid4().hex[:8]

    async def raised(self, rule: RuleName, name: str, severity: Severity = Severity.WARNING) -> UUID:
        condition = Condition(rule=rule, subject=f"{name}:{self.about}", facts={"part": name, "lagEvents": 7})
        raise_alert = RaiseAlertHandler(handling=self.handling)
        said = await raise_alert(RaiseAlert(condition=condition, rule=Rule(severity=severity)), context())
        assert said is not None
        return said.alert_id

    async def resolved(self, rule: RuleName, name: str) -> None:
        resolve_alert = ResolveAlertHandler(handling=self.handling)
        assert await resolve_alert(ResolveAlert(rule=rule, subject=f"{name}:{self.about}"), context())


async def found(api: Api, raising: Raising, **query: Any) -> list[str]:
    """The subjects of this test's alerts, without what makes them its own."""
    answer = await api.admin.get(ALERTS, params={"limit": 200, **query})
    assert answer.status_code == 200, answer.text
    subjects = [str(item["subject"]) for item in answer.json()["items"]]
    return [name for name, _, about in (subject.partition(":") for subject in subjects) if about == raising.about]


async def test_an_alert_says_what_it_is_about_and_what_to_do(api: Api) -> None:
    raising = Raising(api)
    alert_id = await raising.raised(RuleName.RELAY_LAG, "part", Severity.CRITICAL)
    shown = (await api.client(Role.VIEWER).get(f"{ALERTS}/{alert_id}")).json()
    assert shown == {
        "id": str(alert_id),
        "rule": "relay-lag",
        "severity": "critical",
        "status": "open",
        "subject": f"part:{raising.about}",
        "facts": {"part": "part", "lagEvents": 7},
        "raisedAt": shown["raisedAt"],
        "notifiedAt": shown["raisedAt"],
        "times": 1,
        "resolvedAt": None,
        "position": shown["position"],
        "runbook": "docs/runbooks/relay-lag.md",
        "stale": False,
    }
    await raising.resolved(RuleName.RELAY_LAG, "part")
    over = (await api.client(Role.VIEWER).get(f"{ALERTS}/{alert_id}")).json()
    assert over == shown | {"status": "resolved", "resolvedAt": over["resolvedAt"], "position": over["position"]}


async def test_the_list_is_narrowed_down(api: Api) -> None:
    raising = Raising(api)
    await raising.raised(RuleName.STUCK, "one")
    await raising.raised(RuleName.LONG_RUNNING, "two")
    await raising.raised(RuleName.PART_MISSING, "three", Severity.CRITICAL)
    await raising.resolved(RuleName.STUCK, "one")
    assert await found(api, raising) == ["three", "two", "one"]
    assert await found(api, raising, status="open") == ["three", "two"]
    assert await found(api, raising, status=["open", "resolved"]) == ["three", "two", "one"]
    assert await found(api, raising, rule=["stuck", "part-missing"]) == ["three", "one"]
    assert await found(api, raising, severity="critical") == ["three"]
    assert await found(api, raising, subject=f"two:{raising.about}") == ["two"]
    assert await found(api, raising, subject=f"TWO:{raising.about}") == []
    items = (await api.admin.get(ALERTS, params={"subject": f"two:{raising.about}"})).json()["items"]
    assert await found(api, raising, since=items[0]["raisedAt"]) == ["three", "two"]
    assert await found(api, raising, until=items[0]["raisedAt"]) == ["one"]


async def test_page_by_page_all_of_them_are_there(api: Api) -> None:
    raising = Raising(api)
    for number in range(5):
        await raising.raised(RuleName.STUCK, f"run{number}")
    query: dict[str, Any] = {"limit": 2, "rule": "stuck"}
    seen: list[str] = []
    for _ in range(100):
        page = (await api.admin.get(ALERTS, params=query)).json()
        seen += [item["subject"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        query["cursor"] = page["nextCursor"]
    assert [subject for subject in seen if subject.endswith(raising.about)] == [
        f"run{number}:{raising.about}" for number in reversed(range(5))
    ]


@pytest.mark.parametrize("alert", [str(uuid4()), "nothing"], ids=["nobody's", "no id"])
async def test_one_that_is_not_there(api: Api, alert: str) -> None:
    answer = await api.admin.get(f"{ALERTS}/{alert}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found:alerts")


@pytest.mark.parametrize(
    "query", ["rule=stuk", "status=closed", "severity=bad", "since=2026-11-22", "subject="], ids=str
)
async def test_what_no_alert_can_be_is_refused(api: Api, query: str) -> None:
    answer = await api.admin.get(f"{ALERTS}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request:api")
    assert answer.json()["errors"][0]["pointer"].startswith(f"?{query.partition('=')[0]}")
