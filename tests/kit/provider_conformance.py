"""What every provider adapter must do, shown against its sandbox over real HTTP. A provider's test is a subclass of six lines."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4

import msgspec
import pytest

from adapters.providers.gateway import Gateway
from domain.errors import Code
from domain.installation.events import Receipt
from domain.ports import Intent, ProviderAdapter, ProviderError, SideRow
from domain.provider.events import CredentialRef, ProviderKind
from domain.provider.state import Provider
from domain.skill.bundle import Bundle, BundleFile, digest_of, manifest_of
from tests.adapters.sandbox.serving import Served

SKILL = "kbo-results"
DEADLINE_SECONDS = 30.0
SHORT_DEADLINE_SECONDS = 0.4
HANG_SECONDS = 2 * SHORT_DEADLINE_SECONDS  # the write is carried out when we have given up on it
DRIP_SECONDS_MAX = 10.0  # far more than a deadline takes to strike, far less than the whole reply would
WRITE_FAULTS = ("drop_before", "drop_after", "drip", "garbage", "html", "hang")


class PlainVault:
    """A vault whose references are the secrets themselves."""

    def seal(self, *, credential_id: object, secret: str) -> SideRow:
        raise NotImplementedError

    async def open(self, credential: CredentialRef) -> str:
        return credential.name


def provider_at(url: str, *, kind: ProviderKind = "openai", key: str = "sk-test", **more: Any) -> Provider:
    return Provider(
        name=kind,
        kind=kind,
        base_url=url,
        credential=CredentialRef(source="env", name=key),
        organization=more.get("organization"),
        project=more.get("project"),
        concurrency_max=4,
    )


def bundle_of(text: str = "one", name: str = SKILL) -> Bundle:
    """With what breaks on the way if anything does: folders, bytes that are no text, a name that is not ASCII."""
    contents = {
        "SKILL.md": f"---\nname: {name}\ndescription: Fetches results.\n---\n\n{text}\n".encode(),
        "assets/logo.bin": bytes(range(256)),
        "references/안내서.md": "경기 결과".encode(),
        "scripts/a.py": b"print('a')\r\n",
    }
    files = tuple(BundleFile(path=path, content=content) for path, content in contents.items())
    return Bundle(name=name, description="Fetches results.", digest=digest_of(manifest_of(files)), files=files)


def intent_for(bundle: Bundle, *, previous: Receipt | None = None, since: datetime | None = None) -> Intent:
    return Intent(
        installation_id=uuid4(),
        run_id=uuid4(),
        attempt_id=uuid4(),
        skill_name=bundle.name,
        version=1,
        digest=bundle.digest,
        since=since or datetime.now(UTC),
        previous=previous,
    )


async def settle(adapter: ProviderAdapter, bundle: Bundle, intent: Intent) -> Receipt:
    """What an installer does after an unknown outcome."""
    found = await adapter.find(intent)
    if not found:
        return await adapter.install(bundle, intent)
    await adapter.adopt(found[0])
    return found[0]


class ProviderConformance:
    """`path` is where the sandbox serves the provider; `create` and `upgrade` are the sandbox's names of the two writes."""

    pytestmark = pytest.mark.anyio

    kind: ClassVar[ProviderKind]
    path: ClassVar[str]
    key: ClassVar[str]
    create: ClassVar[str] = "create_skill"
    upgrade: ClassVar[str] = "create_version"

    @asynccontextmanager
    async def opened(
        self, sandbox: Served, *, key: str = "", deadline_seconds: float = DEADLINE_SECONDS
    ) -> AsyncIterator[ProviderAdapter]:
        gateway = Gateway(PlainVault())
        provider = provider_at(f"{sandbox.url}{self.path}", kind=self.kind, key=f"{self.key}{key}")
        adapter = await gateway.open(provider, deadline_seconds=deadline_seconds)
        try:
            yield adapter
        finally:
            await adapter.close()
            await gateway.close()

    async def test_a_good_credential_is_verified(self, sandbox: Served) -> None:
        async with self.opened(sandbox) as adapter:
            await adapter.verify()

    @pytest.mark.parametrize(
        ("key", "code"), [("revoked", Code.PROVIDER_UNAUTHORIZED), ("noscope", Code.PROVIDER_FORBIDDEN)]
    )
    async def test_a_bad_credential_is_refused_and_not_repeated(self, sandbox: Served, key: str, code: Code) -> None:
        async with self.opened(sandbox, key=key) as adapter:
            with pytest.raises(ProviderError) as caught:
                await adapter.verify()
        assert (caught.value.code, caught.value.retryable, caught.value.ambiguous) == (code, False, False)
        assert f"{self.key}{key}" not in caught.value.message
        assert caught.value.request_id

    async def test_an_install_is_live_and_the_only_one(self, sandbox: Served) -> None:
        bundle = bundle_of()
        async with self.opened(sandbox) as adapter:
            receipt = await adapter.install(bundle, intent_for(bundle))
            assert await adapter.live(receipt)
            assert receipt.remote_id in adapter.usage(receipt)
        assert [(entry["id"], entry["name"]) for entry in await sandbox.ledger()] == [(receipt.remote_id, SKILL)]

    @pytest.mark.parametrize("fault", WRITE_FAULTS)
    async def test_whatever_became_of_a_create_there_is_one_in_the_end(self, sandbox: Served, fault: str) -> None:
        bundle = bundle_of()
        intent = intent_for(bundle)
        applied = await self._install_without_knowing(sandbox, bundle, intent, fault=fault, operation=self.create)
        async with self.opened(sandbox) as adapter:
            assert [receipt.remote_id for receipt in await adapter.find(intent)] == [entry["id"] for entry in applied]
            receipt = await settle(adapter, bundle, intent)
            assert await settle(adapter, bundle, intent) == receipt
            assert await adapter.live(receipt)
        assert [entry["id"] for entry in await sandbox.ledger()] == [receipt.remote_id]

    @pytest.mark.parametrize("fault", WRITE_FAULTS)
    async def test_whatever_became_of_an_upgrade_it_is_in_use_once(self, sandbox: Served, fault: str) -> None:
        old, new = bundle_of("one"), bundle_of("two")
        async with self.opened(sandbox) as adapter:
            previous = await adapter.install(old, intent_for(old))
        intent = intent_for(new, previous=previous)
        await self._install_without_knowing(sandbox, new, intent, fault=fault, operation=self.upgrade)
        async with self.opened(sandbox) as adapter:
            receipt = await settle(adapter, new, intent)
            assert await settle(adapter, new, intent) == receipt
            assert (await adapter.live(receipt), await adapter.live(previous)) == (True, False)
            assert await adapter.find(intent) == (receipt,)

    async def test_two_of_ours_are_both_found_the_oldest_first(self, sandbox: Served) -> None:
        bundle = bundle_of()
        intent = intent_for(bundle)
        async with self.opened(sandbox) as adapter:
            installed = (await adapter.install(bundle, intent), await adapter.install(bundle, intent))
            found = await adapter.find(intent)
            assert found == installed
            await adapter.uninstall(found[1])
            assert await adapter.find(intent) == found[:1]
            assert await adapter.live(found[0])

    async def test_what_was_there_before_is_not_ours(self, sandbox: Served) -> None:
        bundle = bundle_of()
        async with self.opened(sandbox) as adapter:
            theirs = await adapter.install(bundle, intent_for(bundle))
            later = intent_for(bundle, since=datetime.now(UTC) + timedelta(minutes=1))
            assert await adapter.find(later) == ()
            assert await adapter.live(theirs)

    async def test_what_differs_in_content_or_name_is_not_ours(self, sandbox: Served) -> None:
        bundle, intent = bundle_of("one"), intent_for(bundle_of("one"))
        async with self.opened(sandbox) as adapter:
            for other in (bundle_of("two"), bundle_of("one", name="kbo-result")):
                await adapter.install(other, intent_for(other))
            assert await adapter.find(intent) == ()
            receipt = await adapter.install(bundle, intent)
            assert await adapter.find(intent) == (receipt,)

    async def test_an_upgrade_replaces_what_is_in_use(self, sandbox: Served) -> None:
        old, new = bundle_of("one"), bundle_of("two")
        async with self.opened(sandbox) as adapter:
            previous = await adapter.install(old, intent_for(old))
            receipt = await adapter.install(new, intent_for(new, previous=previous))
            assert receipt != previous
            assert (await adapter.live(receipt), await adapter.live(previous)) == (True, False)

    async def test_an_upgrade_of_what_is_gone_begins_anew(self, sandbox: Served) -> None:
        old, new = bundle_of("one"), bundle_of("two")
        async with self.opened(sandbox) as adapter:
            previous = await adapter.install(old, intent_for(old))
            await adapter.uninstall(previous)
            intent = intent_for(new, previous=previous)
            receipt = await adapter.install(new, intent)
            assert await adapter.live(receipt)
            assert await adapter.find(intent) == (receipt,)
        assert [entry["id"] for entry in await sandbox.ledger()] == [receipt.remote_id]

    async def test_uninstalling_twice_is_uninstalling_once(self, sandbox: Served) -> None:
        bundle = bundle_of()
        async with self.opened(sandbox) as adapter:
            receipt = await adapter.install(bundle, intent_for(bundle))
            await adapter.uninstall(receipt)
            await adapter.uninstall(receipt)
            assert not await adapter.live(receipt)
        assert await sandbox.ledger() == []

    async def test_a_reply_that_drips_does_not_outlive_the_deadline(self, sandbox: Served) -> None:
        await sandbox.fault("drip", operation="list")
        async with self.opened(sandbox, deadline_seconds=SHORT_DEADLINE_SECONDS) as adapter:
            started = time.monotonic()
            with pytest.raises(ProviderError) as caught:
                await adapter.verify()
            elapsed_seconds = time.monotonic() - started
        assert (caught.value.code, caught.value.retryable) == (Code.PROVIDER_TIMEOUT, True)
        assert SHORT_DEADLINE_SECONDS <= elapsed_seconds < DRIP_SECONDS_MAX

    async def test_limits_are_stated(self, sandbox: Served) -> None:
        async with self.opened(sandbox) as adapter:
            assert all(limit > 0 for limit in msgspec.structs.astuple(adapter.limits))

    async def _install_without_knowing(
        self, sandbox: Served, bundle: Bundle, intent: Intent, *, fault: str, operation: str
    ) -> list[dict[str, Any]]:
        """The ledger when the call is over for both sides, though its outcome reached nobody."""
        number = len(await sandbox.calls())
        endless = fault in {"drip", "hang"}
        more: dict[str, Any] = {"delaySeconds": HANG_SECONDS} if fault == "hang" else {}
        await sandbox.fault(fault, operation=operation, **more)
        deadline_seconds = SHORT_DEADLINE_SECONDS if endless else DEADLINE_SECONDS
        async with self.opened(sandbox, deadline_seconds=deadline_seconds) as adapter:
            with pytest.raises(ProviderError) as caught:
                await adapter.install(bundle, intent)
        assert caught.value.ambiguous
        await sandbox.call_when(number, fault=fault, applied=fault not in {"drop_before", "html"})
        return await sandbox.ledger()
