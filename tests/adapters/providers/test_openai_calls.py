"""What the OpenAI adapter sends, to whom, and how it finishes what was left half done."""

from datetime import UTC, datetime

import msgspec
import pytest

from adapters.providers import openai
from adapters.providers.archive import digest_of_archive
from domain.errors import Code
from domain.installation.events import Receipt
from domain.ports import ProviderError
from tests.adapters.providers.canned import CannedServer
from tests.adapters.providers.opening import opened
from tests.adapters.providers.zipping import zip_of
from tests.kit.sandboxed import FileParts, Served
from tests.kit.provider_conformance import SKILL, bundle_of, intent_for

pytestmark = pytest.mark.anyio

ONE, TWO = bundle_of("one"), bundle_of("two")
KEY = "sk-test"


def skill_parts(text: str) -> FileParts:
    return [
        (f"{SKILL}/{file.path}", file.content, "application/octet-stream") for file in reversed(bundle_of(text).files)
    ]


async def operations(sandbox: Served) -> list[str]:
    return [call["operation"] for call in await sandbox.calls()]


async def test_the_environment_redirects_nothing(canned: CannedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = "http://127.0.0.1:9"
    for name in ("OPENAI_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, nowhere)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_WEBHOOK_SECRET"):
        monkeypatch.setenv(name, "stranger")
    lines = ["Authorization: Bearer stranger", "Host: stranger", "OpenAI-Organization: stranger", "X-More: stranger"]
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "\n".join(lines))
    for _ in range(2):
        canned.will_answer(200, {"data": [], "has_more": False})
    async with opened(canned.url, key=KEY) as adapter:
        await adapter.verify()
    async with opened(canned.url, key=KEY, organization="org-ours", project="proj-ours") as adapter:
        await adapter.verify()
    without, given = (request.headers for request in canned.requests)
    for headers in (without, given):
        assert headers["authorization"] == f"Bearer {KEY}"
        assert "stranger" not in " ".join(headers.values())
    assert "openai-organization" not in without
    assert "openai-project" not in without
    assert (given["openai-organization"], given["openai-project"]) == ("org-ours", "proj-ours")


async def test_nothing_is_repeated(canned: CannedServer) -> None:
    canned.will_answer(500, {"error": {"message": "no"}}, x_should_retry="true", retry_after_ms="1")
    async with opened(canned.url) as adapter:
        with pytest.raises(ProviderError):
            await adapter.verify()
    assert len(canned.requests) == 1


async def test_verifying_is_one_short_list_of_skills(sandbox: Served) -> None:
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        await adapter.verify()
    assert await operations(sandbox) == ["list"]


async def test_the_bytes_arrive_as_they_are(sandbox: Served) -> None:
    async with opened(f"{sandbox.url}/openai/v1", key=KEY) as adapter:
        receipt = await adapter.install(ONE, intent_for(ONE))
    archive = await sandbox.client(KEY).skills.content.retrieve(receipt.remote_id)
    assert digest_of_archive(archive.content) == ONE.digest


@pytest.mark.parametrize("kind", ["status", "drop_after", "garbage"])
async def test_an_upgrade_whose_default_was_not_set_is_finished(sandbox: Served, kind: str) -> None:
    more = {"status": 401} if kind == "status" else {}
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        previous = await adapter.install(ONE, intent_for(ONE))
        intent = intent_for(TWO, previous=previous)
        await sandbox.fault(kind, operation="set_default", **more)
        with pytest.raises(ProviderError) as caught:
            await adapter.install(TWO, intent)
        assert caught.value.ambiguous
        assert await adapter.live(previous) == (kind == "status")
        (found,) = await adapter.find(intent)
        await adapter.adopt(found)
        assert await adapter.live(found)
    assert [entry["versions"] for entry in await sandbox.ledger()] == [["1", "2"]]


async def test_an_upgrade_that_is_refused_changes_nothing(sandbox: Served) -> None:
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        previous = await adapter.install(ONE, intent_for(ONE))
        await sandbox.fault("status", operation="create_version", status=413)
        with pytest.raises(ProviderError) as caught:
            await adapter.install(TWO, intent_for(TWO, previous=previous))
        assert (caught.value.code, caught.value.ambiguous) == (Code.PROVIDER_TOO_LARGE, False)
        assert await adapter.live(previous)


async def test_going_back_publishes_the_former_bytes_again(sandbox: Served) -> None:
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        first = await adapter.install(ONE, intent_for(ONE))
        second = await adapter.install(TWO, intent_for(TWO, previous=first))
        third = await adapter.install(ONE, intent_for(ONE, previous=second))
        assert [receipt.remote_version for receipt in (first, second, third)] == ["1", "2", "3"]
        assert await adapter.live(third)


async def test_what_is_live_already_is_not_what_an_upgrade_made(sandbox: Served) -> None:
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        previous = await adapter.install(ONE, intent_for(ONE))
        intent = intent_for(ONE, previous=previous)
        assert await adapter.find(intent) == ()
        receipt = await adapter.install(ONE, intent)
        assert await adapter.find(intent) == (receipt,)


async def test_nothing_is_found_twice(sandbox: Served) -> None:
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        first = await adapter.install(ONE, intent_for(ONE))
        second = await adapter.install(TWO, intent_for(TWO, previous=first))
        intent = intent_for(ONE, previous=second)
        third = await adapter.install(ONE, intent)
        assert await adapter.find(intent) == (first, third)


async def test_a_version_a_person_added_is_not_ours(sandbox: Served) -> None:
    intent = intent_for(ONE)
    client = sandbox.client(KEY)
    skill = await client.skills.create(files=skill_parts("two"))
    await client.skills.versions.create(skill.id, files=skill_parts("one"))
    async with opened(f"{sandbox.url}/openai/v1", key=KEY) as adapter:
        assert await adapter.find(intent) == ()


async def test_uninstalling_leaves_what_a_person_added(sandbox: Served) -> None:
    client = sandbox.client(KEY)
    async with opened(f"{sandbox.url}/openai/v1", key=KEY) as adapter:
        ours = await adapter.install(ONE, intent_for(ONE))
        for text in ("two", "three"):
            await client.skills.versions.create(ours.remote_id, files=skill_parts(text))
        await adapter.uninstall(ours)
        await adapter.uninstall(ours)
        assert not await adapter.live(ours)
    (entry,) = await sandbox.ledger()
    assert (entry["versions"], entry["defaultVersion"]) == (["2", "3"], "3")


async def test_a_skill_is_deleted_only_if_its_one_version_is_ours(canned: CannedServer) -> None:
    canned.will_answer(200, {"data": [], "has_more": False})
    async with opened(canned.url) as adapter:
        await adapter.uninstall(Receipt(remote_id="skill_1", remote_version="1"))
    assert len(canned.requests) == 1


async def test_uninstalling_what_is_not_in_use_leaves_the_default(sandbox: Served) -> None:
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        old = await adapter.install(ONE, intent_for(ONE))
        new = await adapter.install(TWO, intent_for(TWO, previous=old))
        await adapter.uninstall(old)
        assert await adapter.live(new)
    assert "set_default" not in (await operations(sandbox))[3:]


async def test_a_list_is_read_page_by_page_until_older_things_come(
    sandbox: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "PAGE_SIZE", 2)
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        intent = intent_for(ONE)
        receipt = await adapter.install(ONE, intent)
        for _ in range(4):
            await adapter.install(TWO, intent)
        assert await adapter.find(intent) == (receipt,)
        before = await operations(sandbox)
        assert await adapter.find(intent_for(ONE, since=datetime(2100, 1, 1, tzinfo=UTC))) == ()
        assert (await operations(sandbox))[len(before) :] == ["list"]


async def test_skills_of_other_names_are_not_looked_into(sandbox: Served) -> None:
    other = bundle_of("one", name="kbo-result")
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        await adapter.install(other, intent_for(other))
        assert await adapter.find(intent_for(ONE)) == ()
    assert await operations(sandbox) == ["create_skill", "list"]


async def test_a_list_without_an_end_is_no_answer(canned: CannedServer) -> None:
    skill = {"id": "skill_1", "name": "other", "created_at": 4_000_000_000}
    for _ in range(openai.PAGES_MAX):
        canned.will_answer(200, {"data": [skill], "has_more": True})
    async with opened(canned.url) as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.find(intent_for(ONE))
    assert caught.value.code is Code.PROVIDER_BAD_RESPONSE
    assert "after=skill_1" in canned.requests[1].line


@pytest.mark.parametrize(("seconds_before", "found"), [(4, True), (7, False)])
async def test_the_clocks_may_differ_by_a_few_seconds(
    canned: CannedServer, *, seconds_before: int, found: bool
) -> None:
    now = datetime.now(UTC)
    created = int(now.timestamp()) - seconds_before
    canned.will_answer(200, {"data": [{"id": "skill_1", "name": SKILL, "created_at": created}], "has_more": False})
    canned.will_answer(200, {"data": [{"id": "version_1", "version": "1", "created_at": created}], "has_more": False})
    canned.will_answer(200, zip_of(ONE), content_type="application/zip")
    async with opened(canned.url) as adapter:
        matches = await adapter.find(intent_for(ONE, since=now))
    assert matches == ((Receipt(remote_id="skill_1", remote_version="1"),) if found else ())


async def test_a_download_that_is_no_zip_is_no_answer(sandbox: Served) -> None:
    intent = intent_for(ONE)
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        await adapter.install(ONE, intent)
        await sandbox.fault("garbage", operation="download")
        with pytest.raises(ProviderError) as caught:
            await adapter.find(intent)
    assert (caught.value.code, caught.value.ambiguous) == (Code.PROVIDER_BAD_RESPONSE, False)


async def test_a_skill_that_vanishes_during_the_search_is_not_found(sandbox: Served) -> None:
    intent = intent_for(ONE)
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        await adapter.install(ONE, intent)
        await sandbox.fault("status", operation="download", status=404)
        assert await adapter.find(intent) == ()


async def test_a_deletion_that_did_not_happen_is_told(canned: CannedServer) -> None:
    canned.will_answer(200, {"data": [{"id": "version_1", "version": "1", "created_at": 1}], "has_more": False})
    canned.will_answer(200, {"id": "skill_1", "deleted": False})
    async with opened(canned.url) as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.uninstall(Receipt(remote_id="skill_1", remote_version="1"))
    assert (caught.value.code, caught.value.ambiguous) == (Code.PROVIDER_BAD_RESPONSE, True)


async def test_a_default_that_did_not_change_is_told(canned: CannedServer) -> None:
    canned.will_answer(200, {"id": "skill_1", "default_version": "1"})
    async with opened(canned.url) as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.adopt(Receipt(remote_id="skill_1", remote_version="2"))
    assert (caught.value.code, caught.value.ambiguous) == (Code.PROVIDER_BAD_RESPONSE, True)


async def test_usage_is_a_part_of_a_request_body(canned: CannedServer) -> None:
    async with opened(canned.url) as adapter:
        usage = msgspec.json.decode(adapter.usage(Receipt(remote_id="skill_1", remote_version="2")))
    skill = {"type": "skill_reference", "skill_id": "skill_1", "version": "2"}
    assert usage == {"tools": [{"type": "shell", "environment": {"type": "container_auto", "skills": [skill]}}]}
