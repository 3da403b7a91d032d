"""Every row of the OpenAI adapter's error table, as the sandbox or a canned reply brings it about over HTTP."""

import gzip
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.providers.failures import RETRY_AFTER_SECONDS_MAX
from adapters.providers.redaction import WEB_PAGE
from domain.errors import Code
from domain.installation.events import Receipt
from domain.ports import ProviderError
from tests.adapters.providers.canned import CannedServer
from tests.adapters.providers.opening import opened
from tests.kit.sandboxed import Served, serving
from tests.kit.provider_conformance import SHORT_DEADLINE_SECONDS, bundle_of, intent_for

pytestmark = pytest.mark.anyio

BUNDLE = bundle_of()
INTENT = intent_for(BUNDLE)

# What the provider says; what it means; whether the same call may succeed later; whether a write may have been applied.
STATUSES = [
    (400, None, Code.PROVIDER_INVALID_SKILL, False, False),
    (401, None, Code.PROVIDER_UNAUTHORIZED, False, False),
    (401, "missing_scope", Code.PROVIDER_FORBIDDEN, False, False),
    (402, None, Code.PROVIDER_QUOTA_EXCEEDED, False, False),
    (403, "unsupported_country", Code.PROVIDER_FORBIDDEN, False, False),
    (404, None, Code.PROVIDER_NOT_FOUND, False, False),
    (408, None, Code.PROVIDER_TIMEOUT, True, True),
    (409, None, Code.PROVIDER_CONFLICT, False, True),
    (413, None, Code.PROVIDER_TOO_LARGE, False, False),
    (415, None, Code.PROVIDER_MISCONFIGURED, False, False),
    (422, None, Code.PROVIDER_INVALID_SKILL, False, False),
    (429, None, Code.PROVIDER_RATE_LIMIT, True, False),
    (429, "rate_limit_exceeded", Code.PROVIDER_RATE_LIMIT, True, False),
    (429, "slow_down", Code.PROVIDER_RATE_LIMIT, True, False),
    (429, "insufficient_quota", Code.PROVIDER_QUOTA_EXCEEDED, False, False),
    (429, "credit_balance_exhausted", Code.PROVIDER_QUOTA_EXCEEDED, False, False),
    (429, "project_spend_limit_exceeded", Code.PROVIDER_QUOTA_EXCEEDED, False, False),
    (429, "organization_usage_limit_exceeded", Code.PROVIDER_QUOTA_EXCEEDED, False, False),
    (500, None, Code.PROVIDER_INTERNAL, True, True),
    (502, None, Code.PROVIDER_INTERNAL, True, True),
    (503, "server_is_overloaded", Code.PROVIDER_OVERLOADED, True, True),
    (503, "slow_down", Code.PROVIDER_OVERLOADED, True, True),
    (504, None, Code.PROVIDER_INTERNAL, True, True),
    (520, None, Code.PROVIDER_INTERNAL, True, True),
]
FAULTS = [
    ("html", Code.PROVIDER_INTERNAL),
    ("drop_before", Code.PROVIDER_OFFLINE),
    ("drop_after", Code.PROVIDER_OFFLINE),
    ("garbage", Code.PROVIDER_BAD_RESPONSE),
    ("drip", Code.PROVIDER_TIMEOUT),
    ("hang", Code.PROVIDER_TIMEOUT),
]


@pytest.fixture(scope="module")
async def sandbox(anyio_backend: str) -> AsyncIterator[Served]:
    """One for all rows: each uses up its fault, and none looks at what is live."""
    async with serving(None) as served:
        yield served


async def refusal(url: str, *, writing: bool, deadline_seconds: float = 30) -> ProviderError:
    """How installing, or for a read verifying, fails."""
    async with opened(url, deadline_seconds=deadline_seconds) as adapter:
        with pytest.raises(ProviderError) as caught:
            await (adapter.install(BUNDLE, INTENT) if writing else adapter.verify())
    return caught.value


def saying(status: int, code: str | None) -> dict[str, Any]:
    return {"status": status, "code": code} if code else {"status": status}


def outcome(error: ProviderError) -> tuple[Code, bool, bool]:
    return error.code, error.retryable, error.ambiguous


@pytest.mark.parametrize(("status", "said", "code", "retryable", "ambiguous"), STATUSES)
async def test_a_status(
    sandbox: Served, *, status: int, said: str | None, code: Code, retryable: bool, ambiguous: bool
) -> None:
    await sandbox.fault("status", **saying(status, said))
    number = len(await sandbox.calls())
    error = await refusal(f"{sandbox.url}/openai/v1", writing=True)
    assert outcome(error) == (code, retryable, ambiguous)
    assert error.message == f"The sandbox was told to answer {status}."
    assert error.request_id
    assert error.request_id.startswith("req_")
    assert error.retry_after_seconds is None
    assert [call["operation"] for call in (await sandbox.calls())[number:]] == ["create_skill"]


@pytest.mark.parametrize(("status", "said", "code", "retryable"), [row[:4] for row in STATUSES])
async def test_a_status_of_a_read_is_never_ambiguous_nor_about_the_skill(
    sandbox: Served, *, status: int, said: str | None, code: Code, retryable: bool
) -> None:
    await sandbox.fault("status", operation="list", **saying(status, said))
    expected = Code.PROVIDER_MISCONFIGURED if code is Code.PROVIDER_INVALID_SKILL else code
    assert outcome(await refusal(f"{sandbox.url}/openai/v1", writing=False)) == (expected, retryable, False)


@pytest.mark.parametrize(("kind", "code"), FAULTS)
@pytest.mark.parametrize("writing", [True, False])
async def test_a_fault_on_the_way(sandbox: Served, *, kind: str, code: Code, writing: bool) -> None:
    more: dict[str, Any] = {"delaySeconds": 2 * SHORT_DEADLINE_SECONDS} if kind == "hang" else {}
    await sandbox.fault(kind, operation="create_skill" if writing else "list", **more)
    deadline_seconds = SHORT_DEADLINE_SECONDS if code is Code.PROVIDER_TIMEOUT else 30
    error = await refusal(f"{sandbox.url}/openai/v1", writing=writing, deadline_seconds=deadline_seconds)
    assert outcome(error) == (code, True, writing)
    assert "<" not in error.message


async def test_a_page_of_a_proxy_is_told_in_a_sentence(sandbox: Served) -> None:
    await sandbox.fault("html", status=520)
    error = await refusal(f"{sandbox.url}/openai/v1", writing=True)
    assert error.message == f"HTTP 520: {WEB_PAGE}"


@pytest.mark.parametrize("kind", ["status", "html"])
async def test_the_provider_says_when_to_come_back(sandbox: Served, kind: str) -> None:
    await sandbox.fault(kind, status=429, retryAfterSeconds=7)
    error = await refusal(f"{sandbox.url}/openai/v1", writing=True)
    assert (error.code, error.retry_after_seconds) == (Code.PROVIDER_RATE_LIMIT, 7)


async def test_a_huge_retry_after_is_capped(canned: CannedServer) -> None:
    canned.will_answer(429, {"error": {"message": "later"}}, retry_after="1e9")
    assert (await refusal(canned.url, writing=True)).retry_after_seconds == RETRY_AFTER_SECONDS_MAX


@pytest.mark.parametrize("status", [401, 403])
async def test_a_missing_scope_is_known_by_its_text(canned: CannedServer, status: int) -> None:
    canned.will_answer(status, {"error": {"message": "You lack it. Missing scopes: api.skills.write", "code": None}})
    assert outcome(await refusal(canned.url, writing=True)) == (Code.PROVIDER_FORBIDDEN, False, False)


@pytest.mark.parametrize(
    "message", ["File exceeds maximum size of 25MB.", "Upload is too large.", "'a' is larger than 25000000 bytes."]
)
async def test_a_size_refused_with_400_is_known_by_its_text(canned: CannedServer, message: str) -> None:
    canned.will_answer(400, {"error": {"message": message}})
    assert outcome(await refusal(canned.url, writing=True)) == (Code.PROVIDER_TOO_LARGE, False, False)


async def test_a_length_in_characters_is_no_size(canned: CannedServer) -> None:
    canned.will_answer(400, {"error": {"message": "The description exceeds the maximum of 1024 characters."}})
    assert (await refusal(canned.url, writing=True)).code is Code.PROVIDER_INVALID_SKILL


async def test_a_redirect_is_not_followed(canned: CannedServer) -> None:
    canned.will_answer(307, location="http://169.254.169.254/latest/meta-data")
    error = await refusal(canned.url, writing=True)
    assert outcome(error) == (Code.PROVIDER_MISCONFIGURED, False, False)
    assert "redirects are not followed" in error.message
    assert len(canned.requests) == 1


@pytest.mark.parametrize("body", [b"<html><body>nginx</body></html>", b'{"detail": "Not Found"}', b""])
async def test_a_404_that_is_not_the_providers_own_says_nothing_about_the_skill(
    canned: CannedServer, body: bytes
) -> None:
    canned.will_answer(404, body, content_type="text/html")
    async with opened(canned.url) as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.live(Receipt(remote_id="skill_1", remote_version="1"))
    assert outcome(caught.value) == (Code.PROVIDER_BAD_RESPONSE, True, False)


SUCCESSES_THAT_ARE_NONE = [
    (200, b"<!DOCTYPE html><html>Sign in</html>"),
    (204, b""),
    (200, b"{}"),
    (200, b"[]"),
    (200, b"null"),
    (200, b'{"id": "", "default_version": "1", "data": null, "has_more": false}'),
    (200, b'{"id": "skill_1"}'),
    (200, b"\xff\xfe"),
]


@pytest.mark.parametrize(("status", "body"), SUCCESSES_THAT_ARE_NONE)
@pytest.mark.parametrize("writing", [True, False])
async def test_a_success_must_be_one_of_the_api(
    canned: CannedServer, *, status: int, body: bytes, writing: bool
) -> None:
    canned.will_answer(status, body, content_type="text/html", x_request_id="req_1")
    error = await refusal(canned.url, writing=writing)
    assert outcome(error) == (Code.PROVIDER_BAD_RESPONSE, True, writing)
    assert error.request_id == "req_1"


async def test_a_page_of_a_proxy_is_not_an_empty_list(canned: CannedServer) -> None:
    canned.will_answer(200, b"<html>Sign in</html>", content_type="text/html")
    async with opened(canned.url) as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.find(INTENT)
    assert outcome(caught.value) == (Code.PROVIDER_BAD_RESPONSE, True, False)


async def test_a_compressed_reply_is_not_unpacked(canned: CannedServer) -> None:
    content = gzip.compress(b'{"id": "skill_1", "default_version": "1"}')
    canned.will_answer(200, content, content_encoding="gzip")
    assert outcome(await refusal(canned.url, writing=True)) == (Code.PROVIDER_BAD_RESPONSE, True, True)
    assert canned.requests[0].headers["accept-encoding"] == "identity"


async def test_an_endless_reply_is_not_read_to_its_end(canned: CannedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.providers.http_clients.REPLY_BYTES_MAX", 1000)
    canned.will_answer(200, b" " * 1001)
    error = await refusal(canned.url, writing=True)
    assert outcome(error) == (Code.PROVIDER_BAD_RESPONSE, True, True)
    assert "longer than" in error.message


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_nobody_there_means_nothing_was_sent(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    error = await refusal(f"{scheme}://{address}", writing=True)
    assert outcome(error) == (Code.PROVIDER_OFFLINE, True, False)


async def test_a_server_without_tls_was_sent_nothing(sandbox: Served) -> None:
    calls = await sandbox.calls()
    error = await refusal(f"{sandbox.url.replace('http:', 'https:')}/openai/v1", writing=True)
    assert outcome(error) == (Code.PROVIDER_OFFLINE, True, False)
    assert await sandbox.calls() == calls


async def test_what_the_provider_says_is_redacted_and_bounded(canned: CannedServer) -> None:
    message = f"Incorrect API key provided: sk-proj-abc****wxyz, or opaque-credential.\n{'x' * 900}"
    canned.will_answer(401, {"error": {"message": message, "type": "invalid_request_error", "code": None}})
    async with opened(canned.url, key="opaque-credential") as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.verify()
    assert caught.value.message.startswith("Incorrect API key provided: [redacted], or [redacted]. xxx")
    assert len(caught.value.message) == 500
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
