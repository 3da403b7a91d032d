"""What the doctor asks of the API: whether it answers, as this very version, and what our own key is good for there."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import msgspec

from domain.access.key import read_key
from workers.doctor_checks import Check, failed, is_near, ok, warning
from workers.settings import Connection

ANSWER_SECONDS: Final = 5.0
EXPIRES_SOON: Final = timedelta(days=14)
READY: Final = (httpx2.codes.OK, httpx2.codes.SERVICE_UNAVAILABLE)


async def examine_api(connection: Connection) -> Sequence[Check]:
    url = connection.url.rstrip("/")
    try:
        verify: Any = ssl.create_default_context(cafile=connection.ca_file) if url.startswith("https:") else False
    except OSError as error:
        remedy = "Correct WAYBILL_CA_FILE."
        return (failed("api", f"{connection.ca_file} holds no certificates: {error.strerror}", remedy=remedy),)
    headers = {"Authorization": f"Bearer {connection.api_key}"} if _sendable(connection.api_key) else {}
    try:
        async with httpx2.AsyncClient(
            base_url=url, headers=headers, timeout=ANSWER_SECONDS, trust_env=False, verify=verify
        ) as client:
            response = await client.get("/readyz", params={"verbose": "true"})
            if response.status_code == httpx2.codes.UNAUTHORIZED:
                response = await client.get("/readyz", headers={"Authorization": ""})
            return [*_readiness(url, response), *_privacy(url), await _key(client, connection.api_key)]
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        remedy = "Look whether it runs, and whether WAYBILL_URL is right."
        return (failed("api", f"{url} does not answer: {str(error) or type(error).__name__}", remedy=remedy),)


def _readiness(url: str, response: httpx2.Response) -> list[Check]:
    body = _decoded(response)
    if response.status_code not in READY or "checks" not in body:
        remedy = "Set WAYBILL_URL to the address of a Waybill server."
        return [failed("api", f"{url} answers {response.status_code}, and not as Waybill does", remedy=remedy)]
    wrong = ", ".join(str(check.get("name")) for check in body["checks"] if check.get("status") != "ok")
    if wrong:
        checks = [failed("api", f"{url} says it is {body.get('status')}: {wrong}", remedy="See to these first.")]
    else:
        checks = [ok("api", f"{url} is {body.get('status')}")]
    return [*checks, *_version((body.get("details") or {}).get("version"))]


def _version(theirs: str | None) -> list[Check]:
    ours = version("waybill")
    if theirs is None:
        return []
    if theirs == ours:
        return [ok("version", f"{ours}, here and there")]
    return [warning("version", f"{theirs} there, {ours} here", remedy="Use the same version in both places.")]


async def _key(client: httpx2.AsyncClient, api_key: str | None) -> Check:
    if api_key is None:
        remedy = "Set WAYBILL_API_KEY; `waybill up` shows the first key on its first start."
        return warning("api_key", "none is set", remedy=remedy)
    presented = read_key(api_key)
    if presented is None:
        return failed("api_key", "what is set has not the form of a key", remedy="Copy it again, whole: wb_...")
    response = await client.get(f"/api/keys/{presented.key_id}")
    if response.status_code == httpx2.codes.FORBIDDEN:
        return ok("api_key", f"{presented.key_id} is valid; its role is below admin, so its expiry is not told")
    if response.status_code == httpx2.codes.UNAUTHORIZED:
        remedy = "Have another one issued: `waybill keys issue`."
        return failed("api_key", f"{presented.key_id} is not valid here, or not any more", remedy=remedy)
    body = _decoded(response)
    if response.status_code != httpx2.codes.OK or "role" not in body:
        remedy = "Look at the log of the API."
        return warning(
            "api_key", f"asked about {presented.key_id}, the API answers {response.status_code}", remedy=remedy
        )
    return _expiry(presented.key_id, role=body["role"], expires_at=body.get("expiresAt"))


def _expiry(key_id: str, *, role: str, expires_at: str | None) -> Check:
    if expires_at is None:
        return ok("api_key", f"{key_id} is valid, {role}, and does not expire")
    left = datetime.fromisoformat(expires_at) - datetime.now(UTC)
    said = f"{key_id} is valid, {role}, and expires in {left.days} days"
    if left > EXPIRES_SOON:
        return ok("api_key", said)
    return warning(
        "api_key", said, remedy="Have another one issued in time: `waybill keys issue`; both work meanwhile."
    )


def _privacy(url: str) -> list[Check]:
    host = urlsplit(url).hostname or ""
    if url.startswith("https:") or is_near(host):
        return []
    remedy = "Use https:// in WAYBILL_URL; WAYBILL_TLS_CERTIFICATE and WAYBILL_TLS_KEY have the API speak it."
    return [warning("api_tls", f"the key travels to {host} in plain text", remedy=remedy)]


def _sendable(api_key: str | None) -> bool:
    return api_key is not None and read_key(api_key) is not None


def _decoded(response: httpx2.Response) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return body if isinstance(body, dict) else {}
