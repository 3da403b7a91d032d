"""What the Claude adapter sends, what it takes for its own, and what it does without a pointer to the version in use."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from anthropic import AsyncAnthropic

from adapters.providers import claude
from adapters.providers.archive import digest_of_archive
from adapters.providers.exchange import form_files
from domain.errors import Code
from domain.installation.events import Receipt
from domain.ports import Intent, ProviderAdapter, ProviderError, Standing
from domain.provider.state import Provider
from tests.kit.provider_contract import ONE, TWO, upgraded
from tests.kit.providing import SKILL, bundle_of, following, intent_for, opened_at, provider_at, settle
from tests.kit.sandboxed import Served

pytestmark = pytest.mark.anyio

KEY = "sk-ant-calls"


def connection_to(url: str) -> Provider:
    return provider_at(url, kind="claude", key=KEY)


@pytest.fixture
async def adapter(sandbox: Served) -> AsyncIterator[ProviderAdapter]:
    async with opened_at(connection_to(f"{sandbox.url}/anthropic")) as opened:
        yield opened


@pytest.fixture
def person(sandbox: Served) -> AsyncAnthropic:
    """Somebody with the same key and without Waybill."""
    return AsyncAnthropic(api_key=KEY, base_url=f"{sandbox.url}/anthropic", max_retries=0, http_client=sandbox.http)


async def operations(sandbox: Served) -> list[str]:
    return [call["operation"] for call in await sandbox.calls()]


def mark_of(intent: Intent) -> str:
    return f"{SKILL} [waybill {intent.installation_id}]"


async def test_verifying_is_one_short_list_of_skills(sandbox: Served, adapter: ProviderAdapter) -> None:
    await adapter.verify()
    assert await operations(sandbox) == ["list"]


async def test_the_bytes_arrive_as_they_are_under_our_mark(adapter: ProviderAdapter, person: AsyncAnthropic) -> None:
    intent = intent_for(ONE)
    receipt = await adapter.install(ONE, intent)
    skill = await person.skills.retrieve(receipt.remote_id)
    assert (skill.display_name, skill.latest_version_id) == (mark_of(intent), receipt.remote_version)
    archive = await person.beta.skills.versions.download(skill.latest_version_id, skill_id=skill.id)
    assert digest_of_archive(await archive.read()) == ONE.digest


async def test_a_mark_fits_the_longest_name() -> None:
    assert len(claude._mark(intent_for(bundle_of(name="a" * 64)))) <= 255


async def test_an_upgrade_that_is_refused_changes_nothing(sandbox: Served, adapter: ProviderAdapter) -> None:
    first = intent_for(ONE)
    old = await adapter.install(ONE, first)
    await sandbox.fault("status", provider="claude", operation="create_version", status=413)
    with pytest.raises(ProviderError) as caught:
        await adapter.install(TWO, following(first, TWO, previous=old))
    assert (caught.value.code, caught.value.ambiguous) == (Code.PROVIDER_TOO_LARGE, False)
    assert await adapter.status(old) is Standing.IN_USE


async def test_going_back_is_a_third_version_of_the_same_skill(sandbox: Served, adapter: ProviderAdapter) -> None:
    old, new, second = await upgraded(adapter)
    back = following(second, ONE, previous=new)
    receipt = await adapter.restore(old, ONE, back)
    assert receipt.remote_id == old.remote_id == new.remote_id
    (entry,) = await sandbox.ledger()
    assert entry["versions"] == [old.remote_version, new.remote_version, receipt.remote_version]
    assert await adapter.find(back) == (receipt,), "the version of before was settled: it is no extra"


async def test_going_back_is_a_version_of_the_skill_that_is_live(adapter: ProviderAdapter) -> None:
    first = intent_for(ONE)
    old = await adapter.install(ONE, first)
    await adapter.uninstall(old)
    second = following(first, TWO, previous=old)
    new = await adapter.install(TWO, second)
    receipt = await adapter.restore(old, ONE, following(second, ONE, previous=new))
    assert receipt.remote_id == new.remote_id != old.remote_id


async def test_going_back_when_nothing_is_live_takes_the_former_skill_again(adapter: ProviderAdapter) -> None:
    first = intent_for(ONE)
    former = await adapter.install(ONE, first)
    receipt = await adapter.restore(former, ONE, first)
    assert (receipt.remote_id, receipt != former) == (former.remote_id, True)


async def test_what_is_live_already_is_not_what_an_upgrade_made(adapter: ProviderAdapter) -> None:
    first = intent_for(ONE)
    old = await adapter.install(ONE, first)
    again = following(first, ONE, previous=old)
    assert await adapter.find(again) == ()
    receipt = await adapter.install(ONE, again)
    assert await adapter.find(again) == (receipt,)


async def test_what_a_person_put_on_top_is_neither_adopted_over_nor_removed(
    sandbox: Served, adapter: ProviderAdapter, person: AsyncAnthropic
) -> None:
    intent = intent_for(ONE)
    ours = await adapter.install(ONE, intent)
    theirs = await person.skills.versions.create(ours.remote_id, files=form_files(TWO))
    assert await adapter.find(intent) == ()
    with pytest.raises(ProviderError) as caught:
        await adapter.adopt(ours, intent)
    assert (caught.value.code, caught.value.retryable, caught.value.ambiguous) == (
        Code.PROVIDER_CONFLICT,
        False,
        False,
    )
    await adapter.discard(ours)
    await adapter.discard(ours)
    (entry,) = await sandbox.ledger()
    assert entry["versions"] == [theirs.id]


async def test_a_look_alike_is_not_ours_whatever_it_is_called(
    sandbox: Served, adapter: ProviderAdapter, person: AsyncAnthropic
) -> None:
    intent = intent_for(ONE)
    for name in (SKILL, mark_of(intent_for(ONE)), f"{mark_of(intent)} ", f"a copy of {mark_of(intent)}", "[waybill]"):
        await person.skills.create(files=form_files(ONE), display_name=name)
    before = await operations(sandbox)
    assert await adapter.find(intent) == ()
    assert (await operations(sandbox))[len(before) :] == ["list"]


async def test_of_two_skills_the_older_is_kept_and_the_other_removed_whole(
    sandbox: Served, adapter: ProviderAdapter
) -> None:
    intent = intent_for(ONE)
    made = [await adapter.install(ONE, intent) for _ in range(2)]
    kept = await settle(adapter, ONE, intent)
    assert [entry["id"] for entry in await sandbox.ledger()] == [kept.remote_id]
    assert kept in made


async def test_a_version_made_twice_in_one_skill_leaves_the_newest(sandbox: Served, adapter: ProviderAdapter) -> None:
    first = intent_for(ONE)
    old = await adapter.install(ONE, first)
    second = following(first, TWO, previous=old)
    newest = [await adapter.install(TWO, second) for _ in range(2)][-1]
    assert (await adapter.find(second))[0] == newest
    assert await settle(adapter, TWO, second) == newest
    assert await adapter.status(newest) is Standing.IN_USE


async def test_a_download_that_is_no_zip_is_no_answer(sandbox: Served, adapter: ProviderAdapter) -> None:
    intent = intent_for(ONE)
    await adapter.install(ONE, intent)
    await sandbox.fault("garbage", provider="claude", operation="download")
    with pytest.raises(ProviderError) as caught:
        await adapter.find(intent)
    assert (caught.value.code, caught.value.ambiguous) == (Code.PROVIDER_BAD_RESPONSE, False)


async def test_discarding_leaves_the_rest_of_the_skill(sandbox: Served, adapter: ProviderAdapter) -> None:
    old, new, _ = await upgraded(adapter)
    await adapter.discard(new)
    assert await adapter.status(old) is Standing.IN_USE
    await adapter.discard(new)
    assert await adapter.status(old) is Standing.IN_USE
    await adapter.discard(old)
    assert await adapter.status(old) is Standing.MISSING
    assert (await operations(sandbox))[-3:] == ["list", "delete_skill", "get"]


async def test_a_skill_that_is_gone_cannot_be_adopted(adapter: ProviderAdapter) -> None:
    with pytest.raises(ProviderError) as caught:
        await adapter.adopt(Receipt(remote_id="skill_1", remote_version="skver_1"), intent_for(ONE))
    assert (caught.value.code, caught.value.retryable) == (Code.PROVIDER_CONFLICT, False)


async def test_usage_is_a_part_of_a_request_body(adapter: ProviderAdapter) -> None:
    usage = msgspec.json.decode(adapter.usage(Receipt(remote_id="skill_1", remote_version="skver_2")))
    loaded = {"type": "custom", "skill_id": "skill_1", "version": "skver_2"}
    assert usage == {
        "container": {"skills": [loaded]},
        "tools": [{"type": "code_execution_20260521", "name": "code_execution"}],
    }
