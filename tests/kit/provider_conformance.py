"""The suite of every provider: contract and mishaps, what people made, and what can lead a credential astray."""

import time
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

import pytest

from domain.errors import Code
from domain.ports import ProviderError, Standing
from domain.provider.state import Provider
from domain.skill.bundle import Bundle
from tests.kit.canned import CannedServer, Request
from tests.kit.provider_contract import ONE, TWO, with_key
from tests.kit.provider_mishaps import ProviderMishaps
from tests.kit.providing import SHORT_DEADLINE_SECONDS, following, intent_for, provider_at, settle
from tests.kit.sandboxed import Served
from tests.kit.strange_environment import NO_PROXIES, STRANGER, strange_environment

DRIP_SECONDS_MAX: Final = 10.0  # far more than a deadline takes to strike, far less than the whole reply would
LATER: Final = timedelta(minutes=1)


class ProviderConformance(ProviderMishaps):
    """A provider's test is a subclass. Its sandbox refuses a key that holds `revoked` or `noscope`.

    `marked`: what we create carries a mark of ours, so that what a person makes at the same time cannot be mistaken for it.
    """

    marked: ClassVar[bool] = True

    async def by_hand(self, sandbox: Served, bundle: Bundle, *, remote_id: str | None = None) -> str:
        """What a person does with the same key and without Waybill: create the skill or, given an id, put another content in
        use under that id. Returns the id.
        """
        raise NotImplementedError

    async def test_a_credential_without_the_permission_is_refused(self, sandbox: Served, connection: Provider) -> None:
        async with self.opened(with_key(connection, f"{self.key}noscope")) as adapter:
            with pytest.raises(ProviderError) as caught:
                await adapter.verify()
        outcome = (caught.value.code, caught.value.retryable, caught.value.ambiguous)
        assert outcome == (Code.PROVIDER_FORBIDDEN, False, False)
        assert len(await sandbox.calls()) == 1

    async def test_a_credential_that_cannot_be_one_is_misconfigured(self, connection: Provider) -> None:
        for key in ("", " ", f"{self.key} {self.key}", f"{self.key}\nx", "비밀"):
            with pytest.raises(ProviderError) as caught:
                async with self.opened(with_key(connection, key)):
                    pass
            assert (caught.value.code, caught.value.retryable) == (Code.PROVIDER_MISCONFIGURED, False)

    async def test_the_environment_changes_nothing(self, canned: CannedServer, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in (*strange_environment(), *NO_PROXIES):
            monkeypatch.delenv(name, raising=False)
        usual = await self._request_of_verifying(canned)
        assert self.key in " ".join(usual.headers.values())
        for name, value in strange_environment().items():
            monkeypatch.setenv(name, value)
        assert await self._request_of_verifying(canned) == usual
        assert STRANGER not in str(usual)

    async def test_what_others_made_is_neither_adopted_nor_removed(self, sandbox: Served, connection: Provider) -> None:
        """Where nothing is marked, what is older than the intent is theirs."""
        async with self.opened(connection) as adapter:
            before = [await self.by_hand(sandbox, ONE), (await adapter.install(ONE, intent_for(ONE))).remote_id]
            intent = intent_for(ONE, since=None if self.marked else datetime.now(UTC) + LATER)
            theirs = [*before, await self.by_hand(sandbox, ONE)]
            assert await adapter.find(intent) == ()
            receipt = await settle(adapter, ONE, intent)
            assert receipt.remote_id not in theirs
            assert await adapter.status(receipt) is Standing.IN_USE
            await adapter.uninstall(receipt)
        assert [entry["id"] for entry in await sandbox.ledger()] == theirs

    async def test_what_others_made_during_an_upgrade_is_left_alone(
        self, sandbox: Served, connection: Provider
    ) -> None:
        first = intent_for(ONE)
        async with self.opened(connection) as adapter:
            second = following(first, TWO, previous=await adapter.install(ONE, first))
            theirs = await self.by_hand(sandbox, TWO)
            assert await adapter.find(second) == ()
            new = await settle(adapter, TWO, second)
        assert {entry["id"] for entry in await sandbox.ledger()} == {theirs, new.remote_id}

    async def test_what_was_changed_behind_our_back_is_told_and_mended(
        self, sandbox: Served, connection: Provider
    ) -> None:
        first = intent_for(ONE)
        async with self.opened(connection) as adapter:
            receipt = await adapter.install(ONE, first)
            await self.by_hand(sandbox, TWO, remote_id=receipt.remote_id)
            assert await adapter.status(receipt) is Standing.CHANGED
            mended = await adapter.restore(receipt, ONE, following(first, ONE, previous=receipt))
            assert await adapter.status(mended) is Standing.IN_USE

    async def test_a_reply_that_drips_does_not_outlive_the_deadline(
        self, sandbox: Served, connection: Provider
    ) -> None:
        await sandbox.fault("drip", provider=self.kind, operation="list")
        async with self.opened(connection, deadline_seconds=SHORT_DEADLINE_SECONDS) as adapter:
            started = time.monotonic()
            with pytest.raises(ProviderError) as caught:
                await adapter.verify()
            elapsed_seconds = time.monotonic() - started
        assert (caught.value.code, caught.value.retryable) == (Code.PROVIDER_TIMEOUT, True)
        assert SHORT_DEADLINE_SECONDS <= elapsed_seconds < DRIP_SECONDS_MAX

    async def _request_of_verifying(self, canned: CannedServer) -> Request:
        canned.will_answer(500)
        async with self.opened(provider_at(canned.url, kind=self.kind, key=self.key)) as adapter:
            with pytest.raises(ProviderError):
                await adapter.verify()
        return canned.requests[-1]
