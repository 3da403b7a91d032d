"""The noop provider agrees to everything, keeps nothing, and gives one intent one receipt."""

import pytest

from adapters.providers.gateway import Gateway
from domain.ports import Standing
from tests.kit.providing import PlainVault, bundle_of, intent_for, provider_at

pytestmark = pytest.mark.anyio


async def test_it_agrees_to_everything() -> None:
    gateway = Gateway(PlainVault(), noop_enabled=True)
    adapter = await gateway.open(provider_at("https://noop.invalid", kind="noop"), deadline_seconds=1)
    bundle = bundle_of()
    intent = intent_for(bundle)
    await adapter.verify()
    receipt = await adapter.install(bundle, intent)
    assert await adapter.install(bundle, intent) == receipt
    assert await adapter.find(intent) == ()
    await adapter.adopt(receipt, intent)
    assert await adapter.restore(receipt, bundle, intent) == receipt
    await adapter.discard(receipt)
    assert await adapter.status(receipt) is Standing.IN_USE
    await adapter.uninstall(receipt)
    assert receipt.remote_id in adapter.usage(receipt)
    assert gateway.limits("noop").files_max == 500
    await adapter.close()
    await gateway.close()
