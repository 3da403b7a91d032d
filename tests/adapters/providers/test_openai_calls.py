"""What the OpenAI adapter sends, to whom, and how it finishes what was left half done."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from adapters.providers import openai
from adapters.providers.archive import digest_of_archive
from adapters.providers.exchange import form_files
from domain.errors import Code
from domain.installation.events import Receipt
from domain.ports import ProviderError, Standing
from tests.adapters.providers.opening import opened
from tests.adapters.providers.zipping import zip_of
from tests.kit.canned import CannedServer
from tests.kit.provider_contract import ONE, TWO, upgraded
from tests.kit.providing import SKILL, bundle_of, following, intent_for, settle
from tests.kit.sandboxed import Served

pytestmark = pytest.mark.anyio

KEY = "sk-test"


async def operations(sandbox: Served) -> list[str]:
    return [call["operation"] for call in await sandbox.calls()]


async def test_organization_and_project_are_sent_where_given(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "stranger")
    for _ in range(2):
        canned.will_answer(200, {"data": [], "has_more": False})
    async with opened(canned.url, key=KEY) as adapter:
        await adapter.verify()
    async with opened(canned.url, key=KEY, organization="org-ours", project="proj-ours") as adapter:
        await adapter.verify()
    without, given = (request.headers for request in canned.requests)
    assert "openai-organization" not in without
    assert "openai-project" not in without
    assert (given["openai-organization"], given["openai-project"]) == ("org-ours", "proj-ours")


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
    more: dict[str, Any] = {"status": 401} if kind == "status" else {}
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        previous = await adapter.install(ONE, intent_for(ONE))
        intent = intent_for(TWO, previous=previous)
        await sandbox.fault(kind, operation="set_default", **more)
        with pytest.raises(ProviderError) as caught:
            await adapter.install(TWO, intent)
        assert caught.value.ambiguous
        assert (await adapter.status(previous) is Standing.IN_USE) == (kind == "status")
        (found,) = await adapter.find(intent)
        await adapter.adopt(found, intent)
        assert await adapter.status(found) is Standing.IN_USE
    assert [entry["versions"] for entry in await sandbox.ledger()] == [["1", "2"]]


async def test_an_upgrade_that_is_refused_changes_nothing(sandbox: Served) -> None:
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        previous = await adapter.install(ONE, intent_for(ONE))
        await sandbox.fault("status", operation="create_version", status=413)
        with pytest.raises(ProviderError) as caught:
            await adapter.install(TWO, intent_for(TWO, previous=previous))
        assert (caught.value.code, caught.value.ambiguous) == (Code.PROVIDER_TOO_LARGE, False)
        assert await adapter.status(previous) is Standing.IN_USE


async def test_going_back_moves_the_default(sandbox: Served) -> None:
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        old, _, second = await upgraded(adapter)
        number = len(await sandbox.calls())
        back = following(second, ONE, previous=old)
        assert await adapter.restore(old, ONE, back) == old
    assert (await operations(sandbox))[number:] == ["get", "set_default"]
    (entry,) = await sandbox.ledger()
    assert (entry["versions"], entry["defaultVersion"]) == (["1", "2"], "1")


@pytest.mark.parametrize("operation", ["create_version", "set_default"])
@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
async def test_going_back_by_way_of_the_bundle_is_done_once(sandbox: Served, operation: str, fault: str) -> None:
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        old, new, second = await upgraded(adapter)
        await adapter.discard(old)
        back = following(second, ONE, previous=new)
        await sandbox.fault(fault, operation=operation)
        with pytest.raises(ProviderError) as caught:
            await adapter.restore(old, ONE, back)
        assert caught.value.ambiguous
        receipt = await settle(adapter, ONE, back, former=old)
        assert await adapter.status(receipt) is Standing.IN_USE
    (entry,) = await sandbox.ledger()
    assert (entry["versions"], entry["defaultVersion"]) == (["2", "3"], "3")


async def test_going_back_does_not_bring_a_second_skill_into_use(sandbox: Served) -> None:
    """The version of an earlier life of the skill may still be there, under another id."""
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        former = await adapter.install(ONE, intent_for(ONE))
        second = intent_for(TWO)
        current = await adapter.install(TWO, second)
        receipt = await adapter.restore(former, ONE, following(second, ONE, previous=current))
        assert receipt == Receipt(remote_id=current.remote_id, remote_version="2")
        assert await adapter.status(receipt) is Standing.IN_USE


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
    skill = await client.skills.create(files=form_files(TWO))
    await client.skills.versions.create(skill.id, files=form_files(ONE))
    async with opened(f"{sandbox.url}/openai/v1", key=KEY) as adapter:
        assert await adapter.find(intent) == ()


async def test_discarding_removes_one_version_and_leaves_what_a_person_added(sandbox: Served) -> None:
    client = sandbox.client(KEY)
    async with opened(f"{sandbox.url}/openai/v1", key=KEY) as adapter:
        ours = await adapter.install(ONE, intent_for(ONE))
        for text in ("two", "three"):
            await client.skills.versions.create(ours.remote_id, files=form_files(bundle_of(text)))
        for _ in range(2):
            await adapter.discard(ours)
        assert await adapter.status(ours) is Standing.CHANGED
    (entry,) = await sandbox.ledger()
    assert (entry["versions"], entry["defaultVersion"]) == (["2", "3"], "3")


async def test_discarding_the_only_version_removes_the_skill(sandbox: Served) -> None:
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        extra = await adapter.install(ONE, intent_for(ONE))
        for _ in range(2):
            await adapter.discard(extra)
    assert await sandbox.ledger() == []
    assert (await operations(sandbox)).count("delete_skill") == 1


async def test_a_skill_is_discarded_only_if_its_one_version_is_ours(canned: CannedServer) -> None:
    canned.will_answer(200, {"data": [], "has_more": False})
    async with opened(canned.url) as adapter:
        await adapter.discard(Receipt(remote_id="skill_1", remote_version="1"))
    assert len(canned.requests) == 1


async def test_discarding_what_is_not_in_use_leaves_the_default(sandbox: Served) -> None:
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        old, new, _ = await upgraded(adapter)
        number = len(await sandbox.calls())
        await adapter.discard(old)
        assert await adapter.status(new) is Standing.IN_USE
    assert (await operations(sandbox))[number:] == ["list", "get", "delete_version", "get"]


async def test_uninstalling_removes_every_version_in_one_call(sandbox: Served) -> None:
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        _, new, _ = await upgraded(adapter)
        number = len(await sandbox.calls())
        await adapter.uninstall(new)
    assert (await operations(sandbox))[number:] == ["delete_skill"]
    assert await sandbox.ledger() == []


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
    other = bundle_of("one", name=SKILL[:-1])
    async with opened(f"{sandbox.url}/openai/v1") as adapter:
        await adapter.install(other, intent_for(other))
        assert await adapter.find(intent_for(ONE)) == ()
    assert await operations(sandbox) == ["create_skill", "list"]


async def test_while_the_skill_is_there_an_upgrade_is_looked_for_nowhere_else(canned: CannedServer) -> None:
    canned.will_answer(200, {"data": [], "has_more": False})
    previous = Receipt(remote_id="skill_1", remote_version="1")
    async with opened(canned.url) as adapter:
        assert await adapter.find(intent_for(TWO, previous=previous)) == ()
    assert len(canned.requests) == 1
    assert "/skills/skill_1/versions?" in canned.requests[0].line


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
    canned.will_answer(200, {"id": "skill_1", "deleted": False})
    async with opened(canned.url) as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.uninstall(Receipt(remote_id="skill_1", remote_version="1"))
    assert (caught.value.code, caught.value.ambiguous) == (Code.PROVIDER_BAD_RESPONSE, True)


async def test_a_default_that_did_not_change_is_told(canned: CannedServer) -> None:
    canned.will_answer(200, {"id": "skill_1", "default_version": "1"})
    async with opened(canned.url) as adapter:
        with pytest.raises(ProviderError) as caught:
            await adapter.adopt(Receipt(remote_id="skill_1", remote_version="2"), intent_for(ONE))
    assert (caught.value.code, caught.value.ambiguous) == (Code.PROVIDER_BAD_RESPONSE, True)


async def test_usage_is_a_part_of_a_request_body(canned: CannedServer) -> None:
    async with opened(canned.url) as adapter:
        usage = msgspec.json.decode(adapter.usage(Receipt(remote_id="skill_1", remote_version="2")))
    skill = {"type": "skill_reference", "skill_id": "skill_1", "version": "2"}
    assert usage == {"tools": [{"type": "shell", "environment": {"type": "container_auto", "skills": [skill]}}]}
