"""The rows of the error table that are Gemini's own, in both of the forms in which Google writes errors."""

from typing import Any, ClassVar

import pytest

from adapters.providers.failures import RETRY_AFTER_SECONDS_MAX
from adapters.sandbox.dialect import ProviderError as Refusal
from adapters.sandbox.gemini import DIALECTS
from domain.errors import Code
from domain.ports import ProviderError
from domain.skill.bundle import Bundle, BundleFile, digest_of, manifest_of
from tests.kit.canned import CannedServer
from tests.kit.provider_errors import BUNDLE, INTENT, ProviderErrors, Row, outcome
from tests.kit.providing import intent_for, opened_at, provider_at
from tests.kit.sandboxed import Served

pytestmark = pytest.mark.anyio

RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
QUOTA_FAILURE = "type.googleapis.com/google.rpc.QuotaFailure"


class TestGeminiErrors(ProviderErrors):
    kind, path, key = "gemini", "/gemini", "AIza-errors"
    rows: ClassVar[tuple[Row, ...]] = (
        Row(400, Code.PROVIDER_UNAUTHORIZED, "API_KEY_INVALID"),
        Row(400, Code.PROVIDER_QUOTA_EXCEEDED, "FAILED_PRECONDITION"),
        Row(400, Code.PROVIDER_INVALID_SKILL, "OUT_OF_RANGE"),
        Row(400, Code.PROVIDER_INVALID_SKILL, "SOME_OTHER_REASON"),
        Row(403, Code.PROVIDER_FORBIDDEN, "API_KEY_SERVICE_BLOCKED"),
        Row(403, Code.PROVIDER_FORBIDDEN, "SERVICE_DISABLED"),
        Row(416, Code.PROVIDER_INVALID_SKILL),
        Row(429, Code.PROVIDER_RATE_LIMIT, "RATE_LIMIT_EXCEEDED", retryable=True, retry_after_seconds=41),
        Row(429, Code.PROVIDER_RATE_LIMIT, retryable=True),
        Row(499, Code.PROVIDER_TIMEOUT, retryable=True, ambiguous=True),
    )

    def _body(self, status: int, message: str) -> bytes:
        (dialect,) = [dialect for dialect in DIALECTS if dialect.prefix == self.path]
        return dialect.render(Refusal(status, message))


class TestGeminiErrorsOfInteractions(TestGeminiErrors):
    path = "/gemini-interactions"
    rows = (
        Row(400, Code.PROVIDER_INVALID_SKILL, "parameter_unknown"),
        Row(400, Code.PROVIDER_QUOTA_EXCEEDED, "failed_precondition"),
        Row(400, Code.PROVIDER_UNAUTHORIZED, "authentication"),
        Row(401, Code.PROVIDER_UNAUTHORIZED, "authentication"),
        Row(402, Code.PROVIDER_QUOTA_EXCEEDED, "payment_required"),
        Row(403, Code.PROVIDER_FORBIDDEN, "permission_denied"),
        Row(416, Code.PROVIDER_INVALID_SKILL, "out_of_range"),
        Row(429, Code.PROVIDER_RATE_LIMIT, "rate_limit_exceeded", retryable=True, retry_after_seconds=41),
        Row(429, Code.PROVIDER_QUOTA_EXCEEDED, "quota_exceeded", retry_after_seconds=41),
        Row(499, Code.PROVIDER_TIMEOUT, "cancelled", retryable=True, ambiguous=True),
        Row(503, Code.PROVIDER_OVERLOADED, "service_unavailable", retryable=True, ambiguous=True),
    )


def classic(code: int, status: str, message: str = "No.", **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, **more}}


def wait(delay: object) -> list[dict[str, object]]:
    return [{"@type": RETRY_INFO, "retryDelay": delay}]


async def refusal_of_verifying(url: str) -> ProviderError:
    async with opened_at(provider_at(url, kind="gemini", key="AIza-test")) as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.verify()
    return caught.value


async def refusal_of_installing(url: str, bundle: Bundle = BUNDLE) -> ProviderError:
    async with opened_at(provider_at(url, kind="gemini", key="AIza-test")) as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.install(bundle, intent_for(bundle))
    return caught.value


@pytest.mark.parametrize("message", ["API key not valid. Please pass a valid API key.", "API key expired."])
async def test_a_bad_key_is_known_by_its_text(canned: CannedServer, message: str) -> None:
    canned.will_answer(400, classic(400, "INVALID_ARGUMENT", message))
    assert outcome(await refusal_of_verifying(canned.url)) == (Code.PROVIDER_UNAUTHORIZED, False, False)


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [("41s", 41), ("1.5s", 1.5), ("0s", 0), ("1000000s", RETRY_AFTER_SECONDS_MAX), ("soon", None), (41, None)],
)
async def test_the_body_says_when_to_come_back(canned: CannedServer, delay: object, seconds: float | None) -> None:
    canned.will_answer(429, classic(429, "RESOURCE_EXHAUSTED", details=wait(delay)))
    error = await refusal_of_verifying(canned.url)
    assert (error.code, error.retry_after_seconds) == (Code.PROVIDER_RATE_LIMIT, seconds)


async def test_a_header_that_says_when_counts_for_more(canned: CannedServer) -> None:
    canned.will_answer(429, classic(429, "RESOURCE_EXHAUSTED", details=wait("41s")), retry_after="7")
    assert (await refusal_of_verifying(canned.url)).retry_after_seconds == 7


@pytest.mark.parametrize(("period", "code"), [("Day", Code.PROVIDER_QUOTA_EXCEEDED), ("Minute", None)])
async def test_what_is_spent_for_today_is_no_matter_of_seconds(
    canned: CannedServer, period: str, code: Code | None
) -> None:
    violation = {"quotaMetric": "agents", "quotaId": f"RequestsPer{period}PerProject-FreeTier", "quotaValue": "250"}
    details = [{"@type": QUOTA_FAILURE, "violations": [violation]}, *wait("22s")]
    canned.will_answer(429, classic(429, "RESOURCE_EXHAUSTED", details=details))
    error = await refusal_of_verifying(canned.url)
    assert error.code is (code or Code.PROVIDER_RATE_LIMIT)
    assert error.retryable is (code is None)


async def test_a_code_may_be_a_uri(canned: CannedServer) -> None:
    code = "https://ai.google.dev/errors/failed_precondition"
    canned.will_answer(400, {"error": {"code": code, "message": "Enable billing."}})
    assert (await refusal_of_verifying(canned.url)).code is Code.PROVIDER_QUOTA_EXCEEDED


async def test_a_name_does_not_turn_a_failing_server_into_a_refusal(canned: CannedServer) -> None:
    canned.will_answer(500, classic(500, "FAILED_PRECONDITION"))
    assert outcome(await refusal_of_verifying(canned.url)) == (Code.PROVIDER_INTERNAL, True, False)


@pytest.mark.parametrize(
    ("headers", "request_id"),
    [({"x_goog_request_id": "one"}, "one"), ({"x_goog_request_id": "one", "x_request_id": "two"}, "two"), ({}, None)],
)
async def test_a_request_has_an_id_if_a_header_says_so(
    canned: CannedServer, headers: dict[str, str], request_id: str | None
) -> None:
    canned.will_answer(403, classic(403, "PERMISSION_DENIED"), **headers)
    assert (await refusal_of_verifying(canned.url)).request_id == request_id


@pytest.mark.parametrize("body", [b"{}", b'{"id": ""}', b'{"description": "x"}', b'{"id": "somebody-elses"}'])
async def test_an_agent_without_its_id_is_no_answer(canned: CannedServer, body: bytes) -> None:
    canned.will_answer(200, body)
    assert outcome(await refusal_of_installing(canned.url)) == (Code.PROVIDER_BAD_RESPONSE, True, True)


@pytest.mark.parametrize("body", [b'{"detail": "Sign in"}', b'{"agents": null}', b'{"agents": [{}]}', b'"agents"'])
async def test_a_list_that_is_none_is_no_answer(canned: CannedServer, body: bytes) -> None:
    canned.will_answer(200, body)
    assert outcome(await refusal_of_verifying(canned.url)) == (Code.PROVIDER_BAD_RESPONSE, True, False)


async def test_an_empty_list_is_an_empty_object(canned: CannedServer) -> None:
    canned.will_answer(200, b"{}")
    async with opened_at(provider_at(canned.url, kind="gemini", key="AIza-test")) as adapter:
        assert await adapter.find(INTENT) == ()


@pytest.mark.parametrize("path", ["/gemini", "/gemini-interactions"])
@pytest.mark.parametrize("sizes", [(1_000_001,), (900_000, 900_000, 900_000)])
async def test_what_is_too_large_for_gemini_is_told_as_that(sandbox: Served, path: str, sizes: tuple[int, ...]) -> None:
    files = tuple(BundleFile(path=f"{number}.bin", content=b"\xff" * size) for number, size in enumerate(sizes))
    bundle = Bundle(name="large", description="Large.", digest=digest_of(manifest_of(files)), files=files)
    error = await refusal_of_installing(f"{sandbox.url}{path}", bundle)
    assert outcome(error) == (Code.PROVIDER_TOO_LARGE, False, False)
    assert await sandbox.ledger() == []
