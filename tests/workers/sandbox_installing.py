"""An installer at the emulated providers, over HTTP through the real SDKs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from adapters.providers.gateway import Gateway
from commands.connect_provider import ConnectProvider, ConnectProviderHandler
from commands.sweep_installation import SweepInstallation, SweepInstallationHandler
from commands.verify_installation import VerifyInstallations, VerifyInstallationsHandler
from domain.events import Event
from domain.installation.events import InstallationChanged
from domain.installation.state import installation_stream
from domain.ports import ProviderAdapter, ProviderGateway
from domain.provider.events import ProviderKind
from domain.provider.state import provider_stream
from queries.installer_connections import InstallerConnection
from tests.commands.world import SKILL_ID
from tests.kit.facts import context
from tests.kit.providing import opened_at, provider_at
from tests.kit.sandboxed import Served, serving
from tests.kit.waiting import eventually
from tests.workers.installing import SECONDS_MAX, Installing


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
        # What the provider says of when something was made is compared with the time of the attempt.
        self.world.handling.clock = lambda: datetime.now(UTC)
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

    async def remove(self, **more: Any) -> list[Event]:
        return await self.work(await self.uninstall(self.kind.name, **more))

    async def work(self, *runs: UUID) -> list[Event]:
        async with self.working():
            ended = [await self.ended(run_id) for run_id in runs]
        return ended[-1]

    async def carried_out(self, count: int) -> None:
        """Once so many creates have been applied, whoever had given them up."""

        async def so_many() -> bool:
            return await self.writes() == count

        await eventually(so_many, SECONDS_MAX)

    async def sweep(self, round_number: int = 0) -> list[Event]:
        """What the sweep of this round recorded."""
        before = await self.world.store.head()
        sweep = SweepInstallationHandler(handling=self.world.handling, gateway=self._gateway)
        connection = provider_stream(self.kind.name)
        command = SweepInstallation(installation_id=self.installation, provider_id=connection, round=round_number)
        await sweep(command, context())
        return await self.world.since(before)

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
