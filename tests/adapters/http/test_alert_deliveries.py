"""Deliveries over HTTP: the newest first, by webhook, status, rule, alert, message and time, page by page."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from adapters.postgres.connection import open_pool
from adapters.postgres.webhook_deliveries import PostgresDeliveries
from domain.alert.deliveries import Delivery, DeliveryStatus
from domain.events import Role
from tests.adapters.http.serving import Api
from tests.adapters.http.test_bad_input import is_problem
from tests.kit.deliveries_conformance import delivery
from workers.wiring import now

pytestmark = pytest.mark.anyio

DELIVERIES = "/api/alert-deliveries"


async def noted(database: str, count: int, **more: Any) -> tuple[str, list[Delivery]]:
    """To a webhook of their own, whose name comes first; the last of them failed."""
    webhook = f"hook-{uuid4().hex[:8]}"
    at = now().replace(microsecond=0)
    deliveries = [delivery(webhook=webhook, at=at + timedelta(seconds=number), **more) for number in range(count)]
    failed = replace(
        deliveries[-1],
        status=DeliveryStatus.FAILED,
        http_status=None,
        error="no connection",
        rule="relay-lag",
        message_id="m-last",
        next_attempt_at=at + timedelta(minutes=1),
    )
    deliveries[-1] = failed
    async with open_pool(database, name="test", size_max=1) as pool:
        await PostgresDeliveries(pool).note(deliveries)
    return webhook, deliveries


async def found(api: Api, **query: Any) -> list[str]:
    answer = await api.clients[Role.OPERATOR].get(DELIVERIES, params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_one_is_shown_as_it_went(api: Api, module_database: str) -> None:
    webhook, (only,) = await noted(module_database, 1)
    answer = await api.clients[Role.OPERATOR].get(DELIVERIES, params={"webhook": webhook})
    (item,) = answer.json()["items"]
    assert item == {
        "id": str(only.id),
        "webhook": webhook,
        "alertId": str(only.alert_id),
        "messageId": "m-last",
        "event": "raised",
        "rule": "relay-lag",
        "severity": "warning",
        "attempt": 1,
        "at": item["at"],
        "status": "failed",
        "httpStatus": None,
        "error": "no connection",
        "durationSeconds": 0.25,
        "nextAttemptAt": item["nextAttemptAt"],
    }
    assert (answer.json()["nextCursor"], answer.json()["stale"]) == (None, False)


async def test_they_are_found_by_each_of_their_sides(api: Api, module_database: str) -> None:
    webhook, (first, second, last) = await noted(module_database, 3)
    ids = [str(one.id) for one in (last, second, first)]
    assert await found(api, webhook=webhook) == ids
    assert await found(api, webhook=webhook, status="failed") == ids[:1]
    assert await found(api, webhook=webhook, rule="stuck") == ids[1:]
    assert await found(api, alert=str(second.alert_id)) == [ids[1]]
    assert await found(api, webhook=webhook, message="m-last") == ids[:1]
    assert await found(api, webhook=webhook, since=second.at.isoformat(), until=last.at.isoformat()) == [ids[1]]
    assert await found(api, webhook=[webhook, "another"], status=["failed", "given_up"]) == ids[:1]
    assert await found(api, webhook=webhook, status="given_up") == []


async def test_a_page_follows_the_one_before(api: Api, module_database: str) -> None:
    webhook, deliveries = await noted(module_database, 5)
    client, seen, cursor = api.clients[Role.OPERATOR], [], None
    while True:
        query = {"webhook": webhook, "limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(DELIVERIES, params=query)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen == [str(one.id) for one in reversed(deliveries)]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"status": "lost"}, "?status/0"),
        ({"alert": "none"}, "?alert/0"),
        ({"since": "2026-11-22T12:00:00Z", "until": "2026-11-22T11:00:00Z"}, "?until"),
        ({"cursor": "mine"}, "?cursor"),
        ({"hook": "x"}, "?hook"),
    ],
    ids=["status", "alert", "until", "cursor", "unknown"],
)
async def test_what_is_no_filter_is_refused(api: Api, query: dict[str, str], pointer: str) -> None:
    answer = await api.clients[Role.OPERATOR].get(DELIVERIES, params=query)
    assert [error["pointer"] for error in is_problem(answer, status=400, code="bad_request:api")["errors"]] == [pointer]
