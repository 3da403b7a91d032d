"""Every kind of fault, as the official SDK meets it, and whether the write was applied."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import httpx2
import openai
import pytest

from adapters.sandbox import wire
from tests.kit.sandboxed import Served, serving, skill_parts

pytestmark = pytest.mark.anyio


REFUSALS: list[tuple[int, str, type[openai.APIStatusError]]] = [
    (400, "invalid_value", openai.BadRequestError),
    (401, "invalid_api_key", openai.AuthenticationError),
    (403, "missing_scope", openai.PermissionDeniedError),
    (404, "gone", openai.NotFoundError),
    (409, "busy", openai.ConflictError),
    (413, "too_large", openai.APIStatusError),
    (429, "insufficient_quota", openai.RateLimitError),
    (500, "oops", openai.InternalServerError),
    (503, "slow_down", openai.InternalServerError),
]


async def test_status_is_answered_in_openais_form(sandbox: Served, subtests: pytest.Subtests) -> None:
    for number, (status, code, error) in enumerate(REFUSALS):
        with subtests.test(str(status)):
            await sandbox.fault("status", status=status, code=code)
            with pytest.raises(error) as caught:
                await sandbox.client().skills.create(files=skill_parts())
            assert (caught.value.status_code, caught.value.code) == (status, code)
            assert caught.value.request_id
            assert "retry-after" not in caught.value.response.headers
            assert await sandbox.ledger() == []
            call = (await sandbox.calls())[number]
            assert (call["status"], call["fault"], call["applied"]) == (status, "status", False)


async def test_a_rate_limit_says_when_to_retry(sandbox: Served) -> None:
    await sandbox.fault("status", status=429, retryAfterSeconds=7)
    with pytest.raises(openai.RateLimitError) as caught:
        await sandbox.client().skills.create(files=skill_parts())
    assert (caught.value.response.headers["retry-after"], caught.value.code) == ("7", "rate_limit_exceeded")


async def test_html_is_a_proxys_page(sandbox: Served) -> None:
    await sandbox.fault("html")
    with pytest.raises(openai.InternalServerError) as caught:
        await sandbox.client().skills.create(files=skill_parts())
    assert (caught.value.status_code, caught.value.code) == (502, None)
    assert "<html>" in str(caught.value.body)
    assert await sandbox.ledger() == []


async def test_hang_answers_late(sandbox: Served) -> None:
    await sandbox.fault("hang", delaySeconds=0.2)
    started = asyncio.get_running_loop().time()
    await sandbox.client().skills.create(files=skill_parts())
    assert asyncio.get_running_loop().time() - started >= 0.2


async def test_hang_is_applied_also_when_the_client_has_left(sandbox: Served) -> None:
    await sandbox.fault("hang", delaySeconds=1.5)
    with pytest.raises(openai.APITimeoutError):
        await sandbox.client(timeout_seconds=0.5).skills.create(files=skill_parts())
    call = (await sandbox.calls())[0]
    assert (call["status"], call["fault"], call["applied"]) == (None, "hang", False)
    assert await sandbox.ledger() == []
    await sandbox.call_when(0, status=200, applied=True)
    assert len(await sandbox.ledger()) == 1


async def test_hang_over_a_request_that_is_refused_applies_nothing(sandbox: Served) -> None:
    await sandbox.fault("hang", delaySeconds=0.1)
    with pytest.raises(openai.BadRequestError):
        await sandbox.client().skills.create(files=[("SKILL.md", b"", "text/markdown")])
    assert (await sandbox.calls())[0]["applied"] is False


async def test_drip_keeps_the_client_waiting_past_its_read_timeout(
    sandbox: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "DRIP_SECONDS", 0.1)
    await sandbox.fault("drip")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5):
            await sandbox.client(timeout_seconds=1).skills.create(files=skill_parts())
    call = (await sandbox.calls())[0]
    assert (call["status"], call["fault"], call["applied"]) == (200, "drip", True)
    assert len(await sandbox.ledger()) == 1


async def test_drip_gives_the_whole_reply_in_the_end(sandbox: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "DRIP_SECONDS", 0.001)
    await sandbox.fault("drip")
    skill = await sandbox.client().skills.create(files=skill_parts())
    assert [entry["id"] for entry in await sandbox.ledger()] == [skill.id]


async def test_garbage_is_applied_and_cannot_be_read(sandbox: Served) -> None:
    await sandbox.fault("garbage")
    with pytest.raises(json.JSONDecodeError):
        await sandbox.client().skills.create(files=skill_parts())
    assert len(await sandbox.ledger()) == 1
    call = (await sandbox.calls())[0]
    assert (call["status"], call["fault"], call["applied"]) == (200, "garbage", True)


@pytest.mark.parametrize("http", ["httptools", "h11"])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
async def test_a_drop_is_a_connection_that_ends_without_a_reply(
    kind: str, http: Literal["httptools", "h11"], caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(None, http=http) as sandbox:
        client = sandbox.client()
        await client.skills.list()
        await sandbox.fault(kind)
        with pytest.raises(openai.APIConnectionError) as caught:
            await client.skills.create(files=skill_parts())
        assert isinstance(caught.value.__cause__, (httpx2.RemoteProtocolError, httpx2.ReadError))
        call = await sandbox.call_when(1, fault=kind)
        assert (call["status"], call["applied"]) == (None, kind == "drop_after")
        assert len(await sandbox.ledger()) == int(call["applied"])
        await client.skills.create(files=skill_parts())
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_fault_counts_down_and_meets_its_own_operation_only(sandbox: Served) -> None:
    skills = sandbox.client().skills
    await sandbox.fault("status", operation="list", status=500, times=2)
    await skills.create(files=skill_parts())
    for _ in range(2):
        with pytest.raises(openai.InternalServerError):
            await skills.list()
    await skills.list()
    assert (await sandbox.http.get("/_sandbox/faults")).json() == []


async def test_the_first_posted_of_two_faults_comes_first(sandbox: Served) -> None:
    await sandbox.fault("status", status=503)
    await sandbox.fault("html")
    statuses = []
    for _ in range(2):
        with pytest.raises(openai.InternalServerError) as caught:
            await sandbox.client().skills.create(files=skill_parts())
        statuses.append(caught.value.status_code)
    assert statuses == [503, 502]


async def test_every_operation_can_fail(sandbox: Served, subtests: pytest.Subtests) -> None:
    skills = sandbox.client().skills
    skill = await skills.create(files=skill_parts())
    await skills.versions.create(skill.id, files=skill_parts())
    operations: dict[str, Callable[[], Awaitable[Any]]] = {
        "list": skills.list,
        "get": lambda: skills.retrieve(skill.id),
        "download": lambda: skills.content.retrieve(skill.id),
        "create_skill": lambda: skills.create(files=skill_parts()),
        "create_version": lambda: skills.versions.create(skill.id, files=skill_parts()),
        "set_default": lambda: skills.update(skill.id, default_version="3"),
        "delete_version": lambda: skills.versions.delete("2", skill_id=skill.id),
        "delete_skill": lambda: skills.delete(skill.id),
    }
    for operation, touch in operations.items():
        with subtests.test(operation):
            before = await sandbox.ledger()
            await sandbox.fault("status", operation=operation, status=418)
            with pytest.raises(openai.APIStatusError) as caught:
                await touch()
            assert caught.value.status_code == 418
            assert await sandbox.ledger() == before
            await touch()
            last = (await sandbox.calls())[-1]
            assert (last["operation"], last["status"], last["applied"]) == (operation, 200, True)
