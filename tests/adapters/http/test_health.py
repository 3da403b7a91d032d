"""Whether the process answers, and whether what it needs does."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.http.health import Check, CheckOutcome
from adapters.http.health_details import Details
from adapters.http.observation import Observation
from domain.errors import StoreOffline
from tests.adapters.http.bare import bare_app, check
from tests.adapters.http.details import DETAILS, GIVEN
from tests.adapters.http.serving import ask, listening, open_client

pytestmark = pytest.mark.anyio

GOOD = CheckOutcome(ok=True, lag_events=0)


@asynccontextmanager
async def asking(*checks: Check) -> AsyncIterator[str]:
    async with listening(bare_app(checks=checks)) as url:
        yield url


async def readiness(*checks: Check) -> tuple[int, Any]:
    async with asking(*checks) as url:
        answer = await ask(f"{url}/readyz")
    return answer.status_code, answer.json()


async def test_ready() -> None:
    status, body = await readiness(check("database", GOOD, essential=True), check("nats", CheckOutcome(ok=True)))
    assert status == 200
    assert body == {
        "status": "ready",
        "checks": [
            {"name": "database", "status": "ok", "detail": None, "lagEvents": 0, "parked": []},
            {"name": "nats", "status": "ok", "detail": None, "lagEvents": None, "parked": []},
        ],
    }


@pytest.mark.parametrize(
    ("outcome", "reported"),
    [
        (CheckOutcome(ok=False, detail="Not connected."), {"status": "failed", "detail": "Not connected."}),
        (CheckOutcome(ok=False, lag_events=9, parked=("audit_log",)), {"lagEvents": 9, "parked": ["audit_log"]}),
        (StoreOffline("It does not answer."), {"status": "failed", "detail": "It does not answer."}),
        (ConnectionError("postgresql://admin:canary@db"), {"status": "failed", "detail": "ConnectionError"}),
        (None, {"status": "timeout"}),
    ],
)
async def test_what_is_not_well_degrades_and_what_is_essential_makes_unavailable(
    outcome: CheckOutcome | Exception | None, reported: dict[str, Any]
) -> None:
    status, body = await readiness(check("database", GOOD, essential=True), check("nats", outcome))
    assert (status, body["status"]) == (200, "degraded")
    assert body["checks"][1].items() >= reported.items()
    status, body = await readiness(check("database", outcome, essential=True), check("nats", GOOD))
    assert (status, body["status"]) == (503, "unavailable")
    assert "canary" not in str(body)


async def test_the_answer_comes_within_a_second_whatever_hangs() -> None:
    async with asking(*(check(name, None) for name in "abcdef")) as url:
        await ask(f"{url}/livez")
        began = time.monotonic()
        await ask(f"{url}/readyz")
        assert time.monotonic() - began < 1.0


@pytest.mark.parametrize(
    ("query", "given"),
    [("", False), ("?verbose=false", False), ("?verbose", True), ("?verbose=", True), ("?verbose=true", True)],
)
async def test_how_much_is_wrong_is_said_to_who_asks(query: str, *, given: bool) -> None:
    app = bare_app(checks=[check("nats", GOOD)], observation=Observation(details=details))
    async with listening(app) as url:
        body = (await ask(f"{url}/readyz{query}")).json()
    assert body.get("details") == (GIVEN if given else None)
    assert ("details" in body) is given
    assert body["status"] == "ready"


@pytest.mark.parametrize("query", ["?verbose=yes", "?verbose&verbose", "?loud"])
async def test_nobody_else_is_told_more(query: str) -> None:
    async with asking() as url:
        assert (await ask(f"{url}/readyz{query}")).status_code == 400


async def details() -> Details:
    return DETAILS


async def test_asking_often_is_looking_now_and_then() -> None:
    looked = 0

    async def look() -> CheckOutcome:
        nonlocal looked
        looked += 1
        return GOOD

    async with asking(Check(name="database", essential=True, ask=look)) as url, open_client(url) as client:
        answers = await asyncio.gather(*(client.get("/readyz") for _ in range(40)))
    assert {answer.status_code for answer in answers} == {200}
    assert 1 <= looked <= 20


async def test_being_alive_asks_nothing() -> None:
    async with asking(check("database", None, essential=True)) as url:
        answer = await ask(f"{url}/livez")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
