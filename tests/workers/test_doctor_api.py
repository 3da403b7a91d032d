"""The doctor at answers that a Waybill in trouble gives, and others; one that is well is in the acceptance tests."""

from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from domain.access.key import SECRET_BYTES, write_key
from tests.kit.canned import CannedServer
from tests.workers.diagnosing import by_name, wrong
from workers.doctor_api import examine_api
from workers.doctor_checks import Check
from workers.settings import Connection

pytestmark = pytest.mark.anyio

KEY = write_key(key_id="abcdefghijkl", secret=bytes(SECRET_BYTES))
NATS_GONE = {
    "status": "degraded",
    "checks": [{"name": "database", "status": "ok"}, {"name": "nats", "status": "failed"}],
}


def ready(there: str = version("waybill")) -> dict[str, Any]:
    checks = [{"name": "database", "status": "ok"}]
    return {"status": "ready", "checks": checks, "details": {"version": there}}


async def look(*answers: tuple[int, Any], key: str | None = KEY) -> list[Check]:
    async with CannedServer() as server:
        for status, body in answers:
            server.will_answer(status, body)
        return list(await examine_api(Connection(url=server.url, api_key=key)))


async def test_an_api_and_a_key_that_are_well() -> None:
    checks = await look((200, ready()), (200, {"role": "operator", "expiresAt": None}))
    assert wrong(checks) == {}
    assert by_name(checks).keys() == {"api", "version", "api_key"}
    assert by_name(checks)["api_key"].detail == "abcdefghijkl is valid, operator, and does not expire"
    assert KEY not in repr(checks)


@pytest.mark.parametrize(("days", "expected"), [(30, {}), (13, {"api_key": "warning"})], ids=["in a while", "soon"])
async def test_a_key_that_expires(days: int, expected: dict[str, str]) -> None:
    expires_at = (datetime.now(UTC) + timedelta(days=days, hours=1)).isoformat().replace("+00:00", "Z")
    checks = await look((200, ready()), (200, {"role": "admin", "expiresAt": expires_at}))
    assert wrong(checks) == expected
    assert f"expires in {days} days" in by_name(checks)["api_key"].detail


async def test_a_key_of_a_lower_role_is_valid() -> None:
    checks = await look((200, ready()), (403, {"code": "forbidden:auth"}))
    assert wrong(checks) == {}
    assert "below admin" in by_name(checks)["api_key"].detail


@pytest.mark.parametrize(
    ("answers", "expected", "said"),
    [
        (((200, NATS_GONE), (403, {})), {"api": "failed"}, "degraded: nats"),
        (((503, NATS_GONE), (403, {})), {"api": "failed"}, "degraded: nats"),
        (((200, ready("0.0.1")), (403, {})), {"version": "warning"}, "0.0.1 there"),
        (((401, {}), (200, ready()), (401, {})), {"api_key": "failed"}, "not valid here"),
        (((200, ready()), (404, {})), {"api_key": "warning"}, "answers 404"),
        (((404, b"<html>"), (404, b"<html>")), {"api": "failed", "api_key": "warning"}, "not as Waybill does"),
    ],
    ids=["degraded", "unavailable", "another version", "revoked", "unknown", "another server"],
)
async def test_what_is_not_well(answers: tuple[tuple[int, Any], ...], expected: dict[str, str], said: str) -> None:
    checks = await look(*answers)
    assert wrong(checks) == expected
    assert any(said in check.detail for check in checks)


async def test_a_key_that_is_none_is_sent_nowhere() -> None:
    async with CannedServer() as server:
        server.will_answer(200, ready())
        checks = await examine_api(Connection(url=server.url, api_key="wb_mistyped\r\n"))
    assert wrong(checks) == {"api_key": "failed"}
    assert all("authorization" not in request.headers for request in server.requests)


async def test_without_a_key_the_rest_is_looked_at() -> None:
    assert wrong(await look((200, ready()), key=None)) == {"api_key": "warning"}


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1", "https://127.0.0.1:1", "nonsense", "http://[::1"],
    ids=["nobody", "tls", "no scheme", "half"],
)
async def test_nobody_there(url: str) -> None:
    (check,) = await examine_api(Connection(url=url, api_key=KEY))
    assert (check.name, check.status) == ("api", "failed")


async def test_authorities_that_cannot_be_read(tmp_path: Path) -> None:
    (check,) = await examine_api(Connection(url="https://waybill.example", ca_file=tmp_path / "none.pem"))
    assert "holds no certificates" in check.detail
