"""What the Claude adapter asks a provider that answers word for word, and what it takes for its own."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span

from adapters.providers import claude
from domain.errors import Code
from domain.installation.events import Receipt
from domain.ports import ProviderError
from domain.provider.state import Provider
from tests.adapters.providers.zipping import zip_of
from tests.kit.canned import CannedServer
from tests.kit.provider_contract import ONE
from tests.kit.providing import bundle_of, intent_for, opened_at, provider_at

pytestmark = pytest.mark.anyio

KEY = "sk-ant-find"
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)


def connection_to(url: str) -> Provider:
    return provider_at(url, kind="claude", key=KEY)


def skill(number: int, *, mark: str, at: datetime = NOW, latest: str = "skver_1") -> dict[str, Any]:
    return {
        "id": f"skill_{number}",
        "display_name": mark,
        "latest_version_id": latest,
        "created_at": at.isoformat(),
        "source": {"type": "custom"},
    }


def version(number: int, at: datetime = NOW) -> dict[str, Any]:
    return {"id": f"skver_{number}", "created_at": at.isoformat()}


def page(*items: dict[str, Any], next_page: str | None = None) -> dict[str, Any]:
    return {"data": list(items), "next_page": next_page}


def receipt_of(number: int, version_number: int = 1) -> Receipt:
    return Receipt(remote_id=f"skill_{number}", remote_version=f"skver_{version_number}")


def will_download(canned: CannedServer, *texts: str) -> None:
    for text in texts:
        canned.will_answer(200, zip_of(bundle_of(text)), content_type="application/zip")


async def test_lists_are_read_to_their_end_in_whatever_order_they_come(canned: CannedServer) -> None:
    intent = intent_for(ONE, since=NOW)
    mark, earlier = claude._mark(intent), NOW - timedelta(seconds=1)
    canned.will_answer(200, page(skill(1, mark=mark), skill(9, mark="other"), next_page="token of 2"))
    canned.will_answer(200, page(skill(2, mark=mark, at=earlier)))
    for _ in range(2):
        canned.will_answer(200, page(version(1)))
        will_download(canned, "one")
    async with opened_at(connection_to(canned.url)) as adapter:
        assert await adapter.find(intent) == (receipt_of(2), receipt_of(1))
    lines = [request.line.split(" ")[1] for request in canned.requests]
    assert lines[0] == f"/v1/v1/skills?limit={claude.PAGE_SIZE}&source=custom"
    assert lines[1] == f"/v1/v1/skills?limit={claude.PAGE_SIZE}&page=token%20of%202&source=custom"
    assert lines[2].startswith("/v1/v1/skills/skill_2/versions")


async def test_the_live_skill_comes_before_an_older_one(canned: CannedServer) -> None:
    intent = intent_for(ONE, since=NOW, previous=receipt_of(2, 0))
    mark, earlier = claude._mark(intent), NOW - timedelta(seconds=1)
    canned.will_answer(200, page(skill(1, mark=mark, at=earlier), skill(2, mark=mark)))
    for _ in range(2):
        canned.will_answer(200, page(version(1)))
        will_download(canned, "one")
    async with opened_at(connection_to(canned.url)) as adapter:
        assert await adapter.find(intent) == (receipt_of(2), receipt_of(1))


async def test_extras_follow_the_newest_and_what_was_live_is_settled(canned: CannedServer) -> None:
    """Of five versions: 1 is from before, 2 is live, 3 and 5 are ours, 4 a person's."""
    intent = intent_for(ONE, since=NOW, previous=receipt_of(1, 2))
    at = [NOW + timedelta(seconds=number) for number in range(6)]
    canned.will_answer(200, page(skill(1, mark=claude._mark(intent), latest="skver_5")))
    canned.will_answer(200, page(*(version(number, at[number]) for number in (3, 1, 5, 2, 4))))
    will_download(canned, "one", "one", "two")
    async with opened_at(connection_to(canned.url)) as adapter:
        assert await adapter.find(intent) == (receipt_of(1, 5), receipt_of(1, 3))
    downloaded = [request.line.split("/")[-3] for request in canned.requests[2:]]
    assert downloaded == ["skver_3", "skver_5", "skver_4"]


async def test_what_is_newest_is_found_though_it_is_as_old_as_what_was_live(canned: CannedServer) -> None:
    intent = intent_for(ONE, since=NOW, previous=receipt_of(1, 1))
    canned.will_answer(200, page(skill(1, mark="of a person", latest="skver_2")))
    canned.will_answer(200, page(version(1), version(2)))
    will_download(canned, "one")
    async with opened_at(connection_to(canned.url)) as adapter:
        assert await adapter.find(intent) == (receipt_of(1, 2),)


@pytest.mark.parametrize(("seconds_before", "found"), [(59, True), (61, False)])
async def test_the_clocks_may_differ_by_a_minute(canned: CannedServer, *, seconds_before: int, found: bool) -> None:
    intent = intent_for(ONE, since=NOW)
    created = NOW - timedelta(seconds=seconds_before)
    canned.will_answer(200, page(skill(1, mark=claude._mark(intent), at=created)))
    canned.will_answer(200, page(version(1, created)))
    will_download(canned, "one")
    async with opened_at(connection_to(canned.url)) as adapter:
        assert await adapter.find(intent) == ((receipt_of(1),) if found else ())


async def test_a_list_without_an_end_is_no_answer(canned: CannedServer) -> None:
    for _ in range(claude.PAGES_MAX):
        canned.will_answer(200, page(next_page="again"))
    async with opened_at(connection_to(canned.url)) as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.find(intent_for(ONE))
    assert caught.value.code is Code.PROVIDER_BAD_RESPONSE
    assert len(canned.requests) == claude.PAGES_MAX


@pytest.mark.parametrize("operation", ["list", "download"])
async def test_what_vanishes_during_the_search_is_not_found(canned: CannedServer, operation: str) -> None:
    intent = intent_for(ONE, since=NOW)
    canned.will_answer(200, page(skill(1, mark=claude._mark(intent))))
    gone = {"type": "error", "error": {"type": "not_found_error", "message": "Skill not found"}}
    if operation == "download":
        canned.will_answer(200, page(version(1)))
    canned.will_answer(404, gone)
    async with opened_at(connection_to(canned.url)) as adapter:
        assert await adapter.find(intent) == ()


async def test_a_key_goes_where_the_sdk_puts_it_and_no_beta_is_asked_for(canned: CannedServer) -> None:
    canned.will_answer(200, {"data": [], "next_page": None})
    async with opened_at(connection_to(canned.url)) as adapter:
        await adapter.verify()
    (request,) = canned.requests
    assert request.line == "GET /v1/v1/skills?limit=1&source=custom HTTP/1.1"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert "anthropic-beta" not in request.headers
    assert "anthropic-workspace-id" not in request.headers


async def test_no_trace_of_ours_goes_to_the_provider(canned: CannedServer) -> None:
    ours = SpanContext(trace_id=1, span_id=1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    canned.will_answer(200, page())
    async with opened_at(connection_to(canned.url)) as adapter:
        with use_span(NonRecordingSpan(ours)):
            await adapter.verify()
    assert "traceparent" not in canned.requests[0].headers


@pytest.mark.parametrize("body", [{}, {"id": "skill_1", "type": "skill"}, {"id": "skill_1", "type": "error"}])
async def test_a_deletion_that_did_not_happen_is_told(canned: CannedServer, body: dict[str, str]) -> None:
    canned.will_answer(200, body)
    async with opened_at(connection_to(canned.url)) as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.uninstall(receipt_of(1))
    assert (caught.value.code, caught.value.ambiguous) == (Code.PROVIDER_BAD_RESPONSE, True)
