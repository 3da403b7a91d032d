"""The noop provider agrees to everything, keeps nothing, and gives one intent one receipt."""

import pytest

from adapters.providers.gateway import Gateway
from tests.kit.provider_conformance import PlainVault, bundle_of, intent_for, provider_at

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
    await adapter.adopt(receipt)
    assert await adapter.live(receipt)
    await adapter.uninstall(receipt)
    assert receipt.remote_id in adapter.usage(receipt)
    assert adapter.limits.files_max == 500
    await adapter.close()
    await gateway.close()
