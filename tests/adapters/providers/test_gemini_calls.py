"""What the Gemini adapter sends, and how it finishes what was left half done."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from adapters.providers import gemini as adapter_module
from adapters.providers.gemini_agent import marker_for, receipt_for
from domain.errors import Code
from domain.installation.events import Receipt
from domain.ports import ProviderAdapter, ProviderError, Standing
from domain.skill.bundle import digest_of
from domain.skill.events import ManifestEntry
from tests.adapters.sandbox.gemini_sdk import BASE_AGENT, agent, gemini
from tests.kit.canned import CannedServer
from tests.kit.providing import bundle_of, following, intent_for, opened_at, provider_at, settle
from tests.kit.sandboxed import Served

pytestmark = pytest.mark.anyio

ONE, TWO = bundle_of("one"), bundle_of("two")
KEY = "AIza-test"
TARGET = f".agents/skills/{ONE.name}/"


@asynccontextmanager
async def opened(server: Served | CannedServer, **more: Any) -> AsyncIterator[ProviderAdapter]:
    url = f"{server.url}/gemini" if isinstance(server, Served) else server.url
    async with opened_at(provider_at(url, kind="gemini", key=KEY, **more)) as adapter:
        yield adapter


async def operations(sandbox: Served) -> list[str]:
    return [call["operation"] for call in await sandbox.calls()]


async def mounted(sandbox: Served, receipt: Receipt) -> dict[str, bytes]:
    """What the provider holds of the skill, by path."""
    made = await gemini(sandbox, KEY).get(receipt.remote_id)
    return {
        source.target.removeprefix(TARGET): base64.b64decode(source.content)
        if source.encoding
        else source.content.encode()
        for source in made.base_environment.sources
    }


def digest_over(files: dict[str, bytes]) -> str:
    hashes = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    return digest_of(ManifestEntry(path=path, sha256=sha256, size=0) for path, sha256 in hashes.items())


async def test_verifying_is_one_short_list_of_agents(canned: CannedServer) -> None:
    canned.will_answer(200, {"agents": [{"id": "somebody-elses"}], "next_page_token": "more"})
    async with opened(canned) as adapter:
        await adapter.verify()
    assert [request.line for request in canned.requests] == ["GET /v1/v1beta/agents?page_size=1 HTTP/1.1"]
    assert canned.requests[0].headers["x-goog-api-key"] == KEY


async def test_the_bytes_arrive_as_they_are(sandbox: Served) -> None:
    async with opened(sandbox) as adapter:
        receipt = await adapter.install(ONE, intent_for(ONE))
    assert digest_over(await mounted(sandbox, receipt)) == ONE.digest


async def test_the_ledger_shows_the_skill_and_the_marker(sandbox: Served) -> None:
    intent = intent_for(ONE)
    async with opened(sandbox) as adapter:
        receipt = await adapter.install(ONE, intent)
    (entry,) = await sandbox.ledger()
    assert (entry["id"], entry["name"], entry["marker"]) == (receipt.remote_id, ONE.name, marker_for(intent))


@pytest.mark.parametrize(("asked", "used"), [(None, BASE_AGENT), (BASE_AGENT, BASE_AGENT)])
async def test_agents_are_built_on_the_base_agent_of_the_connection(
    sandbox: Served, asked: str | None, used: str
) -> None:
    async with opened(sandbox, base_agent=asked) as adapter:
        receipt = await adapter.install(ONE, intent_for(ONE))
    assert (await gemini(sandbox, KEY).get(receipt.remote_id)).base_agent == used


async def test_a_base_agent_that_does_not_exist_is_refused(sandbox: Served) -> None:
    async with opened(sandbox, base_agent="antigravity-preview-01-2020") as adapter:
        with pytest.raises(ProviderError, match="antigravity-preview-01-2020") as caught:
            await adapter.install(ONE, intent_for(ONE))
    assert (caught.value.code, caught.value.ambiguous) == (Code.PROVIDER_INVALID_SKILL, False)


async def test_creating_again_meets_what_was_created(sandbox: Served) -> None:
    intent = intent_for(ONE)
    async with opened(sandbox) as adapter:
        receipt = await adapter.install(ONE, intent)
        assert await adapter.install(ONE, replace(intent, attempt_id=uuid4())) == receipt
    assert await operations(sandbox) == ["create_skill", "create_skill", "get"]
    assert len(await sandbox.ledger()) == 1


async def test_a_refusal_counts_for_less_than_our_agent_being_there(canned: CannedServer) -> None:
    intent = intent_for(ONE)
    made = {"id": receipt_for(intent).remote_id, "description": marker_for(intent)}
    canned.will_answer(400, {"error": {"code": 400, "message": "Exists.", "status": "INVALID_ARGUMENT"}})
    canned.will_answer(200, made)
    async with opened(canned) as adapter:
        assert await adapter.install(ONE, intent) == receipt_for(intent)


async def test_an_agent_of_somebody_else_under_our_id_is_a_conflict(sandbox: Served) -> None:
    first = intent_for(ONE)
    async with opened(sandbox) as adapter:
        old = await adapter.install(ONE, first)
        second = following(first, TWO, previous=old)
        theirs = receipt_for(second).remote_id
        await gemini(sandbox, KEY).create(**agent(id=theirs, description="Not yours."))
        with pytest.raises(ProviderError) as caught:
            await adapter.install(TWO, second)
        assert (caught.value.code, caught.value.retryable) == (Code.PROVIDER_CONFLICT, False)
        assert await adapter.status(old) is Standing.IN_USE
        assert await adapter.find(second) == ()
    assert {entry["id"] for entry in await sandbox.ledger()} == {old.remote_id, theirs}


async def test_the_old_agent_goes_after_the_new_one_stands(sandbox: Served) -> None:
    first = intent_for(ONE)
    async with opened(sandbox) as adapter:
        old = await adapter.install(ONE, first)
        await sandbox.fault("status", provider="gemini", status=413)
        with pytest.raises(ProviderError):
            await adapter.install(TWO, following(first, TWO, previous=old))
        assert await adapter.status(old) is Standing.IN_USE
    assert "delete_skill" not in await operations(sandbox)


async def test_an_old_agent_that_could_not_be_removed_goes_the_next_time(sandbox: Served) -> None:
    first = intent_for(ONE)
    async with opened(sandbox) as adapter:
        old = await adapter.install(ONE, first)
        second = following(first, TWO, previous=old)
        await sandbox.fault("status", provider="gemini", operation="delete_skill", status=403)
        with pytest.raises(ProviderError) as caught:
            await adapter.install(TWO, second)
        assert (caught.value.code, caught.value.ambiguous) == (Code.PROVIDER_FORBIDDEN, True)
        assert len(await sandbox.ledger()) == 2
        assert await settle(adapter, TWO, second) == receipt_for(second)
        assert await adapter.status(old) is Standing.MISSING
    assert (await operations(sandbox)).count("create_skill") == 2


async def test_adopting_what_replaces_nothing_asks_nobody(sandbox: Served) -> None:
    intent = intent_for(ONE)
    async with opened(sandbox) as adapter:
        receipt = await adapter.install(ONE, intent)
        await adapter.adopt(receipt, intent)
        await adapter.adopt(receipt, replace(intent, previous=receipt))
        assert await adapter.status(receipt) is Standing.IN_USE
    assert await operations(sandbox) == ["create_skill", "get"]


async def test_of_several_the_one_of_this_run_is_first(sandbox: Served) -> None:
    intents = [intent_for(ONE)]
    intents += [replace(intents[0], run_id=uuid4()) for _ in range(2)]
    async with opened(sandbox) as adapter:
        made = [await adapter.install(ONE, intent) for intent in intents]
        for intent, receipt in zip(intents, made, strict=True):
            found = await adapter.find(intent)
            assert found[0] == receipt
            assert set(found) == set(made)
        later = replace(intents[2], previous=made[0])
        assert await adapter.find(later) == (made[2], made[1])


async def test_a_list_is_read_page_by_page(sandbox: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter_module, "PAGE_SIZE", 2)
    intent = intent_for(ONE)
    async with opened(sandbox) as adapter:
        for _ in range(4):
            await adapter.install(ONE, intent_for(ONE))
        receipt = await adapter.install(ONE, intent)
        before = await operations(sandbox)
        assert await adapter.find(intent) == (receipt,)
    assert (await operations(sandbox))[len(before) :] == ["list"] * 3


async def test_a_list_without_an_end_is_no_answer(canned: CannedServer) -> None:
    for _ in range(adapter_module.PAGES_MAX):
        canned.will_answer(200, {"agents": [], "next_page_token": "on"})
    async with opened(canned) as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.find(intent_for(ONE))
    assert caught.value.code is Code.PROVIDER_BAD_RESPONSE
    assert "page_token=on" in canned.requests[1].line


@pytest.mark.parametrize("remote_id", ["", "a/b", "..", "a?b", "Agent", "a" * 64])
async def test_what_is_no_id_is_not_sent(canned: CannedServer, remote_id: str) -> None:
    receipt = Receipt(remote_id=remote_id, remote_version="0" * 12)
    async with opened(canned) as adapter:
        for call in (adapter.status, adapter.uninstall, adapter.discard):
            with pytest.raises(ProviderError) as caught:
                await call(receipt)
            assert (caught.value.code, caught.value.ambiguous) == (Code.PROVIDER_MISCONFIGURED, False)
    assert canned.requests == []


@pytest.mark.parametrize(("status", "body"), [(200, b"{}"), (404, b'{"error": {"code": 404, "message": "Gone."}}')])
async def test_a_deletion_is_done_also_if_it_was_done_before(canned: CannedServer, status: int, body: bytes) -> None:
    canned.will_answer(status, body)
    async with opened(canned) as adapter:
        await adapter.discard(Receipt(remote_id="wb-a", remote_version="0" * 12))
    assert [request.line for request in canned.requests] == ["DELETE /v1/v1beta/agents/wb-a HTTP/1.1"]


async def test_uninstalling_removes_what_a_failed_upgrade_left(sandbox: Served) -> None:
    first, others = intent_for(ONE), intent_for(ONE)
    async with opened(sandbox) as adapter:
        theirs = await adapter.install(ONE, others)
        old = await adapter.install(ONE, first)
        await sandbox.fault("status", provider="gemini", operation="delete_skill", status=403)
        with pytest.raises(ProviderError):
            await adapter.install(TWO, following(first, TWO, previous=old))
        await sandbox.fault("status", provider="gemini", operation="delete_skill", status=500)
        with pytest.raises(ProviderError):
            await adapter.uninstall(old)
        assert await adapter.status(old) is Standing.IN_USE
        await adapter.uninstall(old)
    assert [entry["id"] for entry in await sandbox.ledger()] == [theirs.remote_id]


async def test_what_a_person_made_in_our_place_stays(sandbox: Served) -> None:
    """There is no way to change an agent: one without our marker was made by somebody else, whatever its id."""
    agents = gemini(sandbox, KEY)
    async with opened(sandbox) as adapter:
        previous = await adapter.install(ONE, intent_for(ONE))
        await agents.delete(previous.remote_id)
        await agents.create(**agent(id=previous.remote_id, description="Mine now."))
        receipt = await adapter.install(TWO, intent_for(TWO, previous=previous))
        await adapter.uninstall(previous)
    assert {entry["id"] for entry in await sandbox.ledger()} == {previous.remote_id, receipt.remote_id}


async def test_usage_is_a_program_that_runs(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened(canned) as adapter:
        usage = adapter.usage(Receipt(remote_id="wb-a", remote_version="0" * 12))
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", canned.url)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    step = {"type": "model_output", "content": [{"type": "text", "text": "Anything."}]}
    canned.will_answer(200, {"id": "int_1", "status": "completed", "agent": "wb-a", "steps": [step]})
    await asyncio.to_thread(exec, usage, {})
    assert capsys.readouterr().out == "Anything.\n"
    assert [request.line for request in canned.requests] == ["POST /v1/v1beta/interactions HTTP/1.1"]
    assert 'agent="wb-a", environment="remote"' in usage


@pytest.mark.parametrize("name", ["a" * 64, "7-zip", "gemini-notes"])
async def test_a_name_that_is_no_id_is_installed_all_the_same(sandbox: Served, name: str) -> None:
    bundle = bundle_of(name=name)
    async with opened(sandbox) as adapter:
        receipt = await adapter.install(bundle, intent_for(bundle))
        assert await adapter.status(receipt) is Standing.IN_USE
    assert [entry["name"] for entry in await sandbox.ledger()] == [name]
