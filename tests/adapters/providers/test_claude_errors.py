"""The rows of the error table that are Claude's own."""

from typing import Any

import pytest

from domain.errors import Code
from domain.ports import ProviderError
from tests.kit.canned import CannedServer
from tests.kit.provider_errors import BUNDLE, INTENT, ProviderErrors, Row, outcome
from tests.kit.providing import opened_at, provider_at
from tests.kit.sandboxed import Served

pytestmark = pytest.mark.anyio

FORBIDDEN, QUOTA_EXCEEDED = Code.PROVIDER_FORBIDDEN, Code.PROVIDER_QUOTA_EXCEEDED
KEY = "sk-ant-errors"
SPENT_TEXTS = [
    "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.",
    "You have reached your specified workspace API usage limits.",
    "Your credit balance is too low to access the Anthropic API.",
]
REFUSED_TEXTS = ["The description exceeds the maximum of 1024 characters.", "The skill has no SKILL.md."]


class TestClaudeErrors(ProviderErrors):
    kind, path, key = "claude", "/anthropic", KEY
    rows = (
        Row(400, FORBIDDEN, "organization_on_hold"),
        Row(400, FORBIDDEN, "claude_code_key_creator_not_member"),
        Row(400, FORBIDDEN, "cmek_key_disabled"),
        Row(400, FORBIDDEN, "cmek_key_network_blocked"),
        Row(400, QUOTA_EXCEEDED, "storage_quota_exceeded"),
        Row(400, Code.PROVIDER_TIMEOUT, "request_body_timeout", retryable=True, ambiguous=True),
        Row(400, Code.PROVIDER_INVALID_SKILL, "a_code_of_tomorrow"),
        Row(402, QUOTA_EXCEEDED, "linked_organization_spend_limit_reached"),
        Row(403, FORBIDDEN, "api_key_scope_missing"),
        Row(409, Code.PROVIDER_CONFLICT, "skill_name_taken", ambiguous=True),
        Row(413, Code.PROVIDER_TOO_LARGE, "request_body_too_large_after_decoding"),
        Row(429, QUOTA_EXCEEDED),
        Row(429, QUOTA_EXCEEDED, "enforced_spend_limit_reached"),
        Row(429, QUOTA_EXCEEDED, "enforced_spend_limit_reached", retry_after_seconds=1),
        Row(429, QUOTA_EXCEEDED, "contract_spend_limit_reached"),
        Row(429, Code.PROVIDER_RATE_LIMIT, "ramp_limit_exceeded", retryable=True),
        Row(429, Code.PROVIDER_RATE_LIMIT, "ramp_limit_exceeded", retryable=True, retry_after_seconds=9),
        Row(503, Code.PROVIDER_OVERLOADED, "cmek_context_unavailable", retryable=True, ambiguous=True),
        Row(529, Code.PROVIDER_OVERLOADED, retryable=True, ambiguous=True),
        Row(529, Code.PROVIDER_OVERLOADED, retryable=True, ambiguous=True, retry_after_seconds=3),
    )


async def refusal_of_installing(url: str) -> ProviderError:
    async with opened_at(provider_at(url, kind="claude", key=KEY)) as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.install(BUNDLE, INTENT)
    return caught.value


def envelope(message: str, **more: Any) -> dict[str, Any]:
    return {"type": "error", "error": {"type": "invalid_request_error", "message": message}, **more}


@pytest.mark.parametrize("message", SPENT_TEXTS)
async def test_a_limit_set_by_the_customer_is_known_by_its_text(canned: CannedServer, message: str) -> None:
    canned.will_answer(400, envelope(message))
    assert outcome(await refusal_of_installing(canned.url)) == (QUOTA_EXCEEDED, False, False)


async def test_a_limit_that_is_over_soon_is_a_rate(canned: CannedServer) -> None:
    canned.will_answer(429, envelope(SPENT_TEXTS[1]), retry_after="60")
    assert outcome(await refusal_of_installing(canned.url)) == (Code.PROVIDER_RATE_LIMIT, True, False)


@pytest.mark.parametrize("message", REFUSED_TEXTS)
async def test_any_other_text_is_about_the_skill(canned: CannedServer, message: str) -> None:
    canned.will_answer(400, envelope(message))
    assert (await refusal_of_installing(canned.url)).code is Code.PROVIDER_INVALID_SKILL


async def test_the_requests_id_is_taken_from_the_body_if_no_header_has_it(canned: CannedServer) -> None:
    canned.will_answer(400, envelope("No.", request_id="req_body"))
    assert (await refusal_of_installing(canned.url)).request_id == "req_body"
    canned.will_answer(400, envelope("No.", request_id="req_body"), request_id="req_header")
    assert (await refusal_of_installing(canned.url)).request_id == "req_header"


async def test_the_edge_refuses_a_large_upload_with_a_page(sandbox: Served) -> None:
    await sandbox.fault("html", provider="claude", status=413)
    error = await refusal_of_installing(f"{sandbox.url}/anthropic")
    assert outcome(error) == (Code.PROVIDER_TOO_LARGE, False, False)


async def test_the_edge_limits_the_rate_without_a_word_about_money(sandbox: Served) -> None:
    await sandbox.fault("html", provider="claude", status=429)
    error = await refusal_of_installing(f"{sandbox.url}/anthropic")
    assert outcome(error) == (Code.PROVIDER_RATE_LIMIT, True, False)


@pytest.mark.parametrize("said", [["a list"], {"error": "no struct"}, {"error": {"message": 7, "details": []}}, 12])
async def test_an_error_of_another_form_is_judged_by_its_status(canned: CannedServer, said: Any) -> None:
    canned.will_answer(503, said)
    error = await refusal_of_installing(canned.url)
    assert outcome(error) == (Code.PROVIDER_OVERLOADED, True, True)
    assert error.message.startswith("HTTP 503")


SKILL = {"id": "skill_1", "display_name": "d", "latest_version_id": "skver_1", "created_at": "2026-10-01T00:00:00Z"}
NO_SKILLS = [
    {},
    {**SKILL, "id": ""},
    {**SKILL, "latest_version_id": None},
    {**SKILL, "created_at": "2026-10-01T00:00:00"},
    {name: value for name, value in SKILL.items() if name != "latest_version_id"},
]


@pytest.mark.parametrize("body", NO_SKILLS)
async def test_a_skill_without_its_id_or_version_is_no_answer(canned: CannedServer, body: dict[str, Any]) -> None:
    canned.will_answer(200, body, request_id="req_1")
    error = await refusal_of_installing(canned.url)
    assert outcome(error) == (Code.PROVIDER_BAD_RESPONSE, True, True)
    assert error.request_id == "req_1"


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": [{}]}, {"data": [SKILL | {"display_name": None}]}])
async def test_a_list_that_is_none_is_no_answer(canned: CannedServer, body: dict[str, Any]) -> None:
    canned.will_answer(200, body)
    async with opened_at(provider_at(canned.url, kind="claude", key=KEY)) as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.find(INTENT)
    assert outcome(caught.value) == (Code.PROVIDER_BAD_RESPONSE, True, False)
