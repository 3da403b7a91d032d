"""The moment at which a provider has done what it was asked to write and nobody here has heard it: fault tests kill there."""

import pytest

from adapters.providers.gateway import Gateway
from domain.errors import Code
from domain.ports import ProviderError
from domain.provider.events import ProviderKind
from tests.kit.providing import SHORT_DEADLINE_SECONDS, PlainVault, bundle_of, intent_for, provider_at
from tests.kit.sandboxed import Served

pytestmark = pytest.mark.anyio

KINDS: tuple[tuple[ProviderKind, str, str], ...] = (
    ("openai", "/openai/v1", "sk-test-account-a"),
    ("claude", "/anthropic", "sk-ant-test-account-a"),
    ("gemini", "/gemini", "AIzaTestAccountA"),
)


class Told:
    """How often a provider had accepted something."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


@pytest.mark.parametrize(("kind", "path", "key"), KINDS, ids=[kind for kind, _, _ in KINDS])
async def test_it_is_after_the_write_was_applied_and_before_the_reply_is_read(
    sandbox: Served, kind: ProviderKind, path: str, key: str
) -> None:
    told = Told()
    gateway = Gateway(PlainVault(), accepted=told)
    provider = provider_at(f"{sandbox.url}{path}", kind=kind, key=key)
    bundle = bundle_of()
    await sandbox.fault("drip", provider=kind)
    adapter = await gateway.open(provider, deadline_seconds=SHORT_DEADLINE_SECONDS)
    with pytest.raises(ProviderError) as caught:
        await adapter.install(bundle, intent_for(bundle))
    assert caught.value.code is Code.PROVIDER_TIMEOUT
    assert (told.times, len(await sandbox.ledger())) == (1, 1)
    await adapter.close()
    await gateway.close()


@pytest.mark.parametrize(("kind", "path", "key"), KINDS, ids=[kind for kind, _, _ in KINDS])
async def test_what_is_read_or_refused_is_not_accepted(
    sandbox: Served, kind: ProviderKind, path: str, key: str
) -> None:
    told = Told()
    gateway = Gateway(PlainVault(), accepted=told)
    adapter = await gateway.open(provider_at(f"{sandbox.url}{path}", kind=kind, key=key), deadline_seconds=10)
    bundle = bundle_of()
    await adapter.verify()
    await adapter.find(intent_for(bundle))
    await sandbox.fault("status", provider=kind, status=503)
    with pytest.raises(ProviderError):
        await adapter.install(bundle, intent_for(bundle))
    assert told.times == 0
    await adapter.close()
    await gateway.close()
