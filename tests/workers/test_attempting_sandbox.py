"""The same at the emulated providers, over HTTP through the real SDKs: whatever goes wrong, one is live in the end, or none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest
from msgspec import Struct

from adapters.providers.gateway import Gateway
from commands.connect_provider import ConnectProvider, ConnectProviderHandler
from commands.verify_installation import VerifyInstallations, VerifyInstallationsHandler
from domain.errors import Code, InstallationNotFound
from domain.events import Event
from domain.install_run.events import ProviderFailed, ProviderSucceeded
from domain.install_run.policy import Policy
from domain.installation.events import InstallationChanged, InstallationDriftFound, InstallationVerified
from domain.installation.state import installation_stream
from domain.ports import ProviderAdapter, ProviderGateway
from domain.provider.events import ProviderKind
from domain.provider.state import provider_stream
from queries.installer_connections import InstallerConnection
from tests.commands.world import NAME, SKILL_ID
from tests.kit.facts import context
from tests.kit.providing import bundle_of, intent_for, opened_at, provider_at
from tests.kit.sandboxed import Served, serving
from tests.workers.installing import Installing, only

pytestmark = pytest.mark.anyio


class Kind(Struct, frozen=True, kw_only=True):
    """`upgrade` is what creates the next version, as the sandbox calls it. `versions_kept`: of the version before, the one that
    got lost and the one in use, so many are there; at Claude only the newest is in use, and older ones are in nobody's way.
    """

    name: ProviderKind
    path: str
    key: str
    upgrade: str = "create_version"
    versions_kept: int = 2


OPENAI: Final = Kind(name="openai", path="/openai/v1", key="sk-made-up-0123456789")
CLAUDE: Final = Kind(name="claude", path="/anthropic", key="sk-ant-made-up-0123456789", versions_kept=3)
GEMINI: Final = Kind(name="gemini", path="/gemini", key="AIzaMadeUp0123456789", upgrade="create_skill", versions_kept=1)
KINDS: Final = (OPENAI, CLAUDE, GEMINI)


class SandboxInstalling(Installing):
    """An installer with real adapters, and one connection: to the sandbox, named after its kind."""

    def __init__(self, sandbox: Served, kind: Kind) -> None:
        super().__init__()
        self.world.now = datetime.now(UTC)
        self.kind = kind
        self.sandbox = sandbox
        self._gateway = Gateway(self.world.vault)
        self.installation = installation_stream(SKILL_ID, provider_stream(kind.name))

    @property
    def gateway(self) -> ProviderGateway:
        return self._gateway

    async def open(self) -> None:
        handling, vault = self.world.handling, self.world.vault
        connect = ConnectProviderHandler(handling=handling, vault=vault, gateway=self._gateway)
        await connect(
            ConnectProvider(
                kind=self.kind.name,
                name=self.kind.name,
                credential=self.kind.key,
                base_url=f"{self.sandbox.url}{self.kind.path}",
            ),
            context(),
        )
        self.connections.append(
            InstallerConnection(
                provider_id=provider_stream(self.kind.name),
                name=self.kind.name,
                kind=self.kind.name,
                concurrency_max=4,
            )
        )

    async def close(self) -> None:
        await self._gateway.close()

    async def install(self, text: str | None = None, **more: Any) -> list[Event]:
        """The events of the run; `text` makes a version first."""
        if text is not None:
            await self.world.register(text)
        return await self.work(await self.queue(self.kind.name, **more))

    async def remove(self) -> list[Event]:
        return await self.work(await self.uninstall(self.kind.name))

    async def work(self, *runs: UUID) -> list[Event]:
        async with self.working():
            ended = [await self.ended(run_id) for run_id in runs]
        return ended[-1]

    async def verify(self) -> Event:
        verify = VerifyInstallationsHandler(handling=self.world.handling, gateway=self._gateway)
        await verify(VerifyInstallations(installation_ids=(self.installation,)), context())
        return (await self.world.events(self.installation))[-1]

    @asynccontextmanager
    async def by_hand(self) -> AsyncIterator[ProviderAdapter]:
        """What a person does with the same key and without Waybill."""
        url = f"{self.sandbox.url}{self.kind.path}"
        async with opened_at(provider_at(url, kind=self.kind.name, key=self.kind.key)) as adapter:
            yield adapter

    async def live_run(self) -> UUID:
        return (await self._changed()).run_id

    async def live_version(self) -> int:
        return (await self._changed()).version

    async def _changed(self) -> InstallationChanged:
        events = await self.world.events(self.installation)
        return [event for event in events if isinstance(event, InstallationChanged)][-1]

    async def there(self) -> list[dict[str, Any]]:
        return await self.sandbox.ledger()

    async def fault(self, kind: str, operation: str = "create_skill", **more: object) -> None:
        await self.sandbox.fault(kind, provider=self.kind.name, operation=operation, **more)  # type: ignore[arg-type]

    async def writes(self) -> int:
        calls = await self.sandbox.calls()
        return sum(call["operation"].startswith("create") and call["applied"] for call in calls)


@asynccontextmanager
async def installing_at(kind: Kind) -> AsyncIterator[SandboxInstalling]:
    async with serving(None) as sandbox:
        installing = SandboxInstalling(sandbox, kind)
        await installing.open()
        try:
            yield installing
        finally:
            await installing.close()


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
async def installing(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[SandboxInstalling]:
    async with installing_at(request.param) as installing:
        yield installing


async def test_what_is_live_is_asked_about_and_not_created_again(installing: SandboxInstalling) -> None:
    first, second = [only(await installing.install(), ProviderSucceeded) for _ in range(2)]
    assert (second.receipt, second.adopted) == (first.receipt, True)
    assert await installing.writes() == 1
    assert isinstance(await installing.verify(), InstallationVerified)


async def test_what_was_removed_by_hand_is_drift_and_the_next_install_mends_it(installing: SandboxInstalling) -> None:
    receipt = only(await installing.install(), ProviderSucceeded).receipt
    assert receipt is not None
    async with installing.by_hand() as adapter:
        await adapter.uninstall(receipt)
    assert await installing.verify() == InstallationDriftFound(run_id=await installing.live_run(), drift="missing")
    assert not only(await installing.install(), ProviderSucceeded).adopted
    assert len(await installing.there()) == 1
    assert isinstance(await installing.verify(), InstallationVerified)


async def test_what_was_replaced_by_hand_is_drift_and_the_next_install_mends_it(installing: SandboxInstalling) -> None:
    receipt = only(await installing.install(), ProviderSucceeded).receipt
    assert receipt is not None
    stranger = bundle_of("a person's", NAME)
    async with installing.by_hand() as adapter:
        await adapter.install(stranger, intent_for(stranger, previous=receipt))
    assert isinstance(await installing.verify(), InstallationDriftFound)
    only(await installing.install(), ProviderSucceeded)
    assert isinstance(await installing.verify(), InstallationVerified)


async def test_versions_follow_each_other_and_go_back(installing: SandboxInstalling) -> None:
    await installing.install("one")
    await installing.install("two")
    await installing.install(ref="1")
    assert len(await installing.there()) == 1
    assert isinstance(await installing.verify(), InstallationVerified)
    assert await installing.live_version() == 1


async def test_what_is_uninstalled_is_gone_and_can_be_installed_again(installing: SandboxInstalling) -> None:
    await installing.install("one")
    await installing.install("two")
    only(await installing.remove(), ProviderSucceeded)
    assert await installing.there() == []
    with pytest.raises(InstallationNotFound):
        await installing.remove()
    only(await installing.install(), ProviderSucceeded)
    assert len(await installing.there()) == 1


async def test_what_is_gone_already_can_be_uninstalled(installing: SandboxInstalling) -> None:
    receipt = only(await installing.install(), ProviderSucceeded).receipt
    assert receipt is not None
    async with installing.by_hand() as adapter:
        await adapter.uninstall(receipt)
    only(await installing.remove(), ProviderSucceeded)


async def test_a_removal_that_failed_leaves_what_is_live(installing: SandboxInstalling) -> None:
    await installing.install()
    await installing.fault("status", "delete_skill", status=503)
    assert only(await installing.remove(), ProviderFailed).code is Code.PROVIDER_OVERLOADED
    assert len(await installing.there()) == 1
    assert isinstance(await installing.verify(), InstallationVerified)
    only(await installing.remove(), ProviderSucceeded)
    assert await installing.there() == []


async def test_a_create_whose_answer_was_lost_is_found_and_adopted(installing: SandboxInstalling) -> None:
    await installing.fault("drop_after")
    assert only(await installing.install(), ProviderFailed).ambiguous
    assert len(await installing.there()) == 1
    assert only(await installing.install(), ProviderSucceeded).adopted
    assert (len(await installing.there()), await installing.writes()) == (1, 1)
    assert isinstance(await installing.verify(), InstallationVerified)


async def test_a_create_that_is_carried_out_late_does_not_stay_beside_the_next(installing: SandboxInstalling) -> None:
    """The first is given up and carried out while the second is under way, after that one has looked for it."""
    await installing.fault("hang", delaySeconds=1.5)
    await installing.fault("hang", delaySeconds=1.0)
    lost = only(await installing.install(policy=Policy(attempt_timeout_seconds=1)), ProviderFailed)
    assert (lost.code, lost.ambiguous) == (Code.PROVIDER_TIMEOUT, True)
    assert await installing.there() == []
    only(await installing.install(), ProviderSucceeded)
    assert await installing.writes() == 2
    assert len(await installing.there()) == 1
    assert isinstance(await installing.verify(), InstallationVerified)


async def test_an_upgrade_whose_answer_was_lost_does_not_stay_beside_the_one_after(
    installing: SandboxInstalling,
) -> None:
    await installing.install("one")
    await installing.fault("drop_after", installing.kind.upgrade)
    assert only(await installing.install("two"), ProviderFailed).ambiguous
    only(await installing.install("three"), ProviderSucceeded)
    (there,) = await installing.there()
    assert len(there["versions"]) == installing.kind.versions_kept
    assert isinstance(await installing.verify(), InstallationVerified)
    only(await installing.remove(), ProviderSucceeded)
    assert await installing.there() == []


async def test_two_versions_in_a_row_end_with_the_one_asked_for_last(installing: SandboxInstalling) -> None:
    first = await installing.queue(installing.kind.name)
    await installing.world.register("two")
    second = await installing.queue(installing.kind.name)
    await installing.work(first, second)
    assert len(await installing.there()) == 1
    assert await installing.live_version() == 2
    assert isinstance(await installing.verify(), InstallationVerified)
