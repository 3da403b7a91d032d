"""The rows of the error table that are OpenAI's own."""

import pytest

from domain.errors import Code
from domain.ports import ProviderError
from tests.adapters.providers.opening import opened
from tests.kit.canned import CannedServer
from tests.kit.provider_errors import BUNDLE, INTENT, ProviderErrors, Row, outcome

pytestmark = pytest.mark.anyio

QUOTA_EXCEEDED = Code.PROVIDER_QUOTA_EXCEEDED


class TestOpenAIErrors(ProviderErrors):
    kind, path, key = "openai", "/openai/v1", "sk-errors"
    rows = (
        Row(401, Code.PROVIDER_FORBIDDEN, "missing_scope"),
        Row(403, Code.PROVIDER_FORBIDDEN, "unsupported_country"),
        Row(429, Code.PROVIDER_RATE_LIMIT, retryable=True),
        Row(429, Code.PROVIDER_RATE_LIMIT, "rate_limit_exceeded", retryable=True, retry_after_seconds=1),
        Row(429, Code.PROVIDER_RATE_LIMIT, "slow_down", retryable=True),
        Row(429, QUOTA_EXCEEDED, "insufficient_quota", retry_after_seconds=1),
        Row(429, QUOTA_EXCEEDED, "credit_balance_exhausted"),
        Row(429, QUOTA_EXCEEDED, "organization_spend_limit_exceeded"),
        Row(429, QUOTA_EXCEEDED, "project_spend_limit_exceeded"),
        Row(429, QUOTA_EXCEEDED, "organization_usage_limit_exceeded"),
        Row(503, Code.PROVIDER_OVERLOADED, "server_is_overloaded", retryable=True, ambiguous=True),
        Row(503, Code.PROVIDER_OVERLOADED, "slow_down", retryable=True, ambiguous=True),
    )


async def refusal_of_installing(url: str) -> ProviderError:
    async with opened(url) as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.install(BUNDLE, INTENT)
    return caught.value


@pytest.mark.parametrize("status", [401, 403])
async def test_a_missing_scope_is_known_by_its_text(canned: CannedServer, status: int) -> None:
    canned.will_answer(status, {"error": {"message": "You lack it. Missing scopes: api.skills.write", "code": None}})
    assert outcome(await refusal_of_installing(canned.url)) == (Code.PROVIDER_FORBIDDEN, False, False)


@pytest.mark.parametrize(
    "message",
    [
        "File exceeds maximum size of 25MB.",
        "The source exceeds 1 MB.",
        "Upload is too large.",
        "'a' is larger than 25000000 bytes.",
    ],
)
async def test_a_size_refused_with_400_is_known_by_its_text(canned: CannedServer, message: str) -> None:
    canned.will_answer(400, {"error": {"message": message}})
    assert outcome(await refusal_of_installing(canned.url)) == (Code.PROVIDER_TOO_LARGE, False, False)


async def test_a_length_in_characters_is_no_size(canned: CannedServer) -> None:
    canned.will_answer(400, {"error": {"message": "The description exceeds the maximum of 1024 characters."}})
    assert (await refusal_of_installing(canned.url)).code is Code.PROVIDER_INVALID_SKILL


@pytest.mark.parametrize(
    "body", [b"{}", b'{"id": "", "default_version": "1"}', b'{"id": "skill_1"}', b'{"id": "s", "default_version": 1}']
)
async def test_a_skill_without_its_id_or_version_is_no_answer(canned: CannedServer, body: bytes) -> None:
    canned.will_answer(200, body, x_request_id="req_1")
    error = await refusal_of_installing(canned.url)
    assert outcome(error) == (Code.PROVIDER_BAD_RESPONSE, True, True)
    assert error.request_id == "req_1"


@pytest.mark.parametrize("body", [b"{}", b'{"data": null, "has_more": false}', b'{"data": []}'])
async def test_a_list_that_is_none_is_no_answer(canned: CannedServer, body: bytes) -> None:
    canned.will_answer(200, body)
    async with opened(canned.url) as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.find(INTENT)
    assert outcome(caught.value) == (Code.PROVIDER_BAD_RESPONSE, True, False)
