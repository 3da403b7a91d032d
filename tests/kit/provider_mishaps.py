"""What every provider adapter must make of a write whose outcome nobody knows, shown against its sandbox over real HTTP."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Final

import pytest

from domain.errors import Code
from domain.installation.events import Receipt
from domain.ports import Intent, ProviderAdapter, ProviderError, Standing
from domain.provider.events import ProviderKind
from domain.provider.state import Provider
from domain.skill.bundle import Bundle
from tests.kit.provider_contract import ONE, TWO, ProviderContract, upgraded
from tests.kit.providing import following, intent_for, provider_at, settle
from tests.kit.sandboxed import Served
from tests.kit.waiting import eventually

HANG_SECONDS: Final = 0.4  # the write is carried out when we have given up on it
WRITE_FAULTS: Final = ("drop_before", "drop_after", "drip", "garbage", "html", "hang")
ENDLESS: Final = ("drip", "hang")

Call = Callable[[ProviderAdapter], Coroutine[Any, Any, object]]


class ProviderMishaps(ProviderContract):
    """A subclass says where its sandbox is (`path`), a good key, and the writes of which an upgrade (`upgrading`), or going
    back (`restoring`), consists, in order, as the sandbox names operations.
    """

    kind: ClassVar[ProviderKind]
    path: ClassVar[str]
    key: ClassVar[str]
    upgrading: ClassVar[tuple[str, ...]] = ("create_version",)
    restoring: ClassVar[tuple[str, ...]] = ("create_version",)

    @pytest.fixture
    def connection(self, sandbox: Served) -> Provider:
        return provider_at(f"{sandbox.url}{self.path}", kind=self.kind, key=self.key)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        for name in {"upgrading_step", "restoring_step"} & set(metafunc.fixturenames):
            metafunc.parametrize(name, getattr(self, name.removesuffix("_step")))

    @pytest.mark.parametrize("fault", WRITE_FAULTS)
    async def test_whatever_became_of_a_create_there_is_one_in_the_end(
        self, sandbox: Served, connection: Provider, fault: str
    ) -> None:
        intent = intent_for(ONE)
        await self._not_knowing(
            sandbox, connection, operation="create_skill", fault=fault, call=lambda it: it.install(ONE, intent)
        )
        applied = [entry["id"] for entry in await sandbox.ledger()]
        async with self.opened(connection) as adapter:
            assert [receipt.remote_id for receipt in await adapter.find(intent)] == applied
            receipt = await settle(adapter, ONE, intent)
            assert await settle(adapter, ONE, intent) == receipt
        await self._is_all_there_is(sandbox, connection, receipt)

    async def test_of_a_create_that_came_late_and_its_repetition_one_is_kept(
        self, sandbox: Served, connection: Provider
    ) -> None:
        intent = intent_for(ONE)
        receipt = await self._settled_too_early(sandbox, connection, ONE, intent, operation="create_skill")
        await self._is_all_there_is(sandbox, connection, receipt)

    @pytest.mark.parametrize("fault", WRITE_FAULTS)
    async def test_whatever_became_of_an_upgrade_it_is_in_use_once(
        self, sandbox: Served, connection: Provider, fault: str, upgrading_step: str
    ) -> None:
        first = intent_for(ONE)
        async with self.opened(connection) as adapter:
            old = await adapter.install(ONE, first)
        second = following(first, TWO, previous=old)
        await self._not_knowing(
            sandbox, connection, operation=upgrading_step, fault=fault, call=lambda it: it.install(TWO, second)
        )
        async with self.opened(connection) as adapter:
            new = await settle(adapter, TWO, second)
            assert await settle(adapter, TWO, second) == new
            assert await adapter.find(second) == (new,)
            assert await adapter.status(old) is not Standing.IN_USE
        await self._is_all_there_is(sandbox, connection, new)

    async def test_of_an_upgrade_that_came_late_and_its_repetition_one_is_kept(
        self, sandbox: Served, connection: Provider, upgrading_step: str
    ) -> None:
        first = intent_for(ONE)
        async with self.opened(connection) as adapter:
            old = await adapter.install(ONE, first)
        second = following(first, TWO, previous=old)
        new = await self._settled_too_early(sandbox, connection, TWO, second, operation=upgrading_step)
        async with self.opened(connection) as adapter:
            assert await adapter.find(second) == (new,)
        await self._is_all_there_is(sandbox, connection, new)

    async def test_a_refusal_leaves_no_doubt_unless_a_step_before_it_was_done(
        self, sandbox: Served, connection: Provider, upgrading_step: str
    ) -> None:
        first = intent_for(ONE)
        async with self.opened(connection) as adapter:
            second = following(first, TWO, previous=await adapter.install(ONE, first))
            await sandbox.fault("status", provider=self.kind, operation=upgrading_step, status=403)
            with pytest.raises(ProviderError) as caught:
                await adapter.install(TWO, second)
            doubtful = upgrading_step != self.upgrading[0]
            assert (caught.value.code, caught.value.ambiguous) == (Code.PROVIDER_FORBIDDEN, doubtful)
            assert len(await adapter.find(second)) == doubtful
            new = await settle(adapter, TWO, second)
        await self._is_all_there_is(sandbox, connection, new)

    @pytest.mark.parametrize("fault", WRITE_FAULTS)
    async def test_whatever_became_of_going_back_it_is_done_once(
        self, sandbox: Served, connection: Provider, fault: str, restoring_step: str
    ) -> None:
        async with self.opened(connection) as adapter:
            old, new, second = await upgraded(adapter)
        back = following(second, ONE, previous=new)
        await self._not_knowing(
            sandbox, connection, operation=restoring_step, fault=fault, call=lambda it: it.restore(old, ONE, back)
        )
        async with self.opened(connection) as adapter:
            receipt = await settle(adapter, ONE, back, former=old)
            assert await settle(adapter, ONE, back, former=old) == receipt
            assert await adapter.status(new) is not Standing.IN_USE
        await self._is_all_there_is(sandbox, connection, receipt)

    @pytest.mark.parametrize("fault", WRITE_FAULTS)
    async def test_whatever_became_of_an_uninstall_the_next_one_succeeds(
        self, sandbox: Served, connection: Provider, fault: str
    ) -> None:
        async with self.opened(connection) as adapter:
            receipt = await adapter.install(ONE, intent_for(ONE))
        await self._not_knowing(
            sandbox, connection, operation="delete_skill", fault=fault, call=lambda it: it.uninstall(receipt)
        )
        async with self.opened(connection) as adapter:
            await adapter.uninstall(receipt)
            assert await adapter.status(receipt) is Standing.MISSING
        assert await sandbox.ledger() == []

    async def _not_knowing(
        self, sandbox: Served, connection: Provider, *, operation: str, fault: str, call: Call
    ) -> None:
        """Returns when the call is over for both sides, though its outcome reached nobody."""
        number = len(await sandbox.calls())
        async with self.opened(connection) as adapter:
            if fault in ENDLESS:
                await self._give_up_on(sandbox, call(adapter), operation=operation, fault=fault)
            else:
                await sandbox.fault(fault, provider=self.kind, operation=operation)
                with pytest.raises(ProviderError) as caught:
                    await call(adapter)
                assert caught.value.ambiguous
        await sandbox.call_when(number, fault=fault, applied=fault not in {"drop_before", "html"})

    async def _give_up_on(
        self, sandbox: Served, call: Coroutine[Any, Any, object], *, operation: str, fault: str
    ) -> None:
        """As the installer does when an attempt has taken too long; here as soon as the call has met its fault."""
        number = len(await sandbox.calls())
        more: dict[str, Any] = {"delaySeconds": HANG_SECONDS} if fault == "hang" else {}
        await sandbox.fault(fault, provider=self.kind, operation=operation, **more)
        calling = asyncio.create_task(call)
        await sandbox.call_when(number, fault=fault)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling

    async def _settled_too_early(
        self, sandbox: Served, connection: Provider, bundle: Bundle, intent: Intent, *, operation: str
    ) -> Receipt:
        """Tried again while the first try is still under way, and once more when that is over."""
        async with self.opened(connection) as adapter:
            await self._give_up_on(sandbox, adapter.install(bundle, intent), operation=operation, fault="hang")

        async def is_over() -> bool:
            return any(call["fault"] == "hang" and call["status"] for call in await sandbox.calls())

        async with self.opened(connection) as adapter:
            await settle(adapter, bundle, intent)
            await eventually(is_over, seconds=10)
            return await settle(adapter, bundle, intent)

    async def _is_all_there_is(self, sandbox: Served, connection: Provider, receipt: Receipt) -> None:
        async with self.opened(connection) as adapter:
            assert await adapter.status(receipt) is Standing.IN_USE
        assert [entry["id"] for entry in await sandbox.ledger()] == [receipt.remote_id]
