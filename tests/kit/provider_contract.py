"""What every provider adapter must do at its provider, be that a sandbox or the real one: nothing here needs more than a key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest
from msgspec.structs import replace

from domain.errors import Code
from domain.installation.events import Receipt
from domain.ports import Intent, ProviderAdapter, ProviderError, Standing
from domain.provider.events import CredentialRef
from domain.provider.state import Provider
from tests.kit.providing import DEADLINE_SECONDS, SKILL, bundle_of, following, intent_for, opened_at, settle

ONE, TWO = bundle_of("one"), bundle_of("two")


class SkillContract:
    """A subclass brings the fixture `connection`: the provider to speak to, with a key that may do everything."""

    pytestmark: ClassVar = [pytest.mark.anyio]

    @asynccontextmanager
    async def opened(
        self, connection: Provider, *, deadline_seconds: float = DEADLINE_SECONDS
    ) -> AsyncIterator[ProviderAdapter]:
        async with opened_at(connection, deadline_seconds=deadline_seconds) as adapter:
            yield adapter

    async def test_an_install_is_in_use_and_is_what_is_found(self, connection: Provider) -> None:
        intent = intent_for(ONE)
        async with self.opened(connection) as adapter:
            assert await adapter.find(intent) == ()
            receipt = await adapter.install(ONE, intent)
            assert await adapter.status(receipt) is Standing.IN_USE
            assert await adapter.find(intent) == (receipt,)
            assert receipt.remote_id in adapter.usage(receipt)

    async def test_installing_again_makes_no_second_one(self, connection: Provider) -> None:
        intent = intent_for(ONE)
        async with self.opened(connection) as adapter:
            receipt = await settle(adapter, ONE, intent)
            assert await settle(adapter, ONE, intent) == receipt
            assert await adapter.find(intent) == (receipt,)
            assert await adapter.status(receipt) is Standing.IN_USE

    async def test_what_differs_in_content_or_name_is_not_ours(self, connection: Provider) -> None:
        intent = intent_for(ONE)
        async with self.opened(connection) as adapter:
            for other in (TWO, bundle_of("one", name=SKILL[:-1])):
                await adapter.install(other, intent_for(other))
            assert await adapter.find(intent) == ()
            receipt = await adapter.install(ONE, intent)
            assert await adapter.find(intent) == (receipt,)

    async def test_what_was_made_twice_is_found_and_one_of_it_is_kept(self, connection: Provider) -> None:
        intent = intent_for(ONE)
        async with self.opened(connection) as adapter:
            made = {await adapter.install(ONE, intent), await adapter.install(ONE, intent)}
            assert set(await adapter.find(intent)) == made
            kept = await settle(adapter, ONE, intent)
            assert await adapter.find(intent) == (kept,)
            for extra in made - {kept}:
                await adapter.discard(extra)
                assert await adapter.status(extra) is not Standing.IN_USE
            assert await adapter.status(kept) is Standing.IN_USE

    @pytest.mark.parametrize("kept", [0, -1])
    async def test_of_an_upgrade_that_was_made_twice_either_can_be_kept(self, connection: Provider, kept: int) -> None:
        first = intent_for(ONE)
        async with self.opened(connection) as adapter:
            second = following(first, TWO, previous=await adapter.install(ONE, first))
            made = [await adapter.install(TWO, second) for _ in range(2)]
            for extra in set(made) - {made[kept]}:
                await adapter.discard(extra)
            assert await adapter.status(made[kept]) is Standing.IN_USE
            assert await adapter.find(second) == (made[kept],)

    async def test_an_upgrade_takes_the_place_of_what_was_in_use(self, connection: Provider) -> None:
        async with self.opened(connection) as adapter:
            old, new, second = await upgraded(adapter)
            assert new != old
            assert await adapter.find(second) == (new,)
            assert await adapter.status(new) is Standing.IN_USE
            assert await adapter.status(old) is not Standing.IN_USE

    async def test_an_upgrade_of_what_is_gone_begins_anew(self, connection: Provider) -> None:
        first = intent_for(ONE)
        async with self.opened(connection) as adapter:
            old = await adapter.install(ONE, first)
            await adapter.uninstall(old)
            second = following(first, TWO, previous=old)
            receipt = await adapter.install(TWO, second)
            assert await adapter.status(receipt) is Standing.IN_USE
            assert await adapter.find(second) == (receipt,)

    async def test_what_is_gone_is_put_back(self, connection: Provider) -> None:
        first = intent_for(ONE)
        async with self.opened(connection) as adapter:
            lost = await adapter.install(ONE, first)
            await adapter.uninstall(lost)
            again = following(first, ONE, previous=lost)
            receipt = await adapter.restore(lost, ONE, again)
            assert await adapter.status(receipt) is Standing.IN_USE
            assert await adapter.find(again) == (receipt,)

    async def test_going_back(self, connection: Provider) -> None:
        async with self.opened(connection) as adapter:
            old, new, second = await upgraded(adapter)
            back = following(second, ONE, previous=new)
            receipt = await adapter.restore(old, ONE, back)
            assert await adapter.status(receipt) is Standing.IN_USE
            assert await adapter.status(new) is not Standing.IN_USE
            assert await settle(adapter, ONE, back, former=old) == receipt

    async def test_going_back_to_what_the_provider_keeps_no_more(self, connection: Provider) -> None:
        async with self.opened(connection) as adapter:
            old, new, second = await upgraded(adapter)
            for _ in range(2):
                await adapter.discard(old)
            assert await adapter.status(new) is Standing.IN_USE
            back = following(second, ONE, previous=new)
            receipt = await adapter.restore(old, ONE, back)
            assert receipt != old
            assert await adapter.status(receipt) is Standing.IN_USE
            assert await adapter.status(new) is not Standing.IN_USE
            assert await adapter.find(back) == (receipt,)

    async def test_uninstalling_twice_is_uninstalling_once(self, connection: Provider) -> None:
        async with self.opened(connection) as adapter:
            old, new, _ = await upgraded(adapter)
            for _ in range(2):
                await adapter.uninstall(new)
            assert await adapter.status(new) is Standing.MISSING
            assert await adapter.status(old) is Standing.MISSING


class ProviderContract(SkillContract):
    async def test_a_good_credential_is_verified(self, connection: Provider) -> None:
        async with self.opened(connection) as adapter:
            await adapter.verify()

    async def test_a_revoked_credential_is_refused_and_not_repeated(self, connection: Provider) -> None:
        key = f"{connection.credential.name}revoked"
        async with self.opened(with_key(connection, key)) as adapter:
            with pytest.raises(ProviderError) as caught:
                await adapter.verify()
        outcome = (caught.value.code, caught.value.retryable, caught.value.ambiguous)
        assert outcome == (Code.PROVIDER_UNAUTHORIZED, False, False)
        assert key not in caught.value.message

    async def test_white_space_around_a_credential_is_no_part_of_it(self, connection: Provider) -> None:
        async with self.opened(with_key(connection, f" {connection.credential.name}\n")) as adapter:
            await adapter.verify()


def with_key(connection: Provider, key: str) -> Provider:
    return replace(connection, credential=CredentialRef(source="env", name=key))


async def upgraded(adapter: ProviderAdapter) -> tuple[Receipt, Receipt, Intent]:
    """ONE, then TWO in its place: both receipts, and the intent of the second."""
    first = intent_for(ONE)
    old = await adapter.install(ONE, first)
    second = following(first, TWO, previous=old)
    return old, await adapter.install(TWO, second), second
