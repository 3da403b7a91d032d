"""Where ports meet adapters, and the table of contents: every command and query, a line each. What one process at a time does
is in `single_roles.py`, and chat, which is made of all the others, in `chat_wiring.py`.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import uuid_utils.compat
from msgspec import Struct

from adapters.nats.tickets import TicketSource, watch_providers
from adapters.postgres.bundles import PostgresBundles
from adapters.postgres.clock import DatabaseClock
from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.read_models_reader import PostgresReader
from adapters.postgres.vault import PostgresVault
from adapters.providers.chat_model import ChatModel
from adapters.providers.gateway import Gateway, as_it_is
from adapters.sources.git import GitFolders
from adapters.sources.reading import Sources
from commands.archive_skill import ArchiveSkillHandler
from commands.authenticate import Authenticate
from commands.cancel_run import CancelRunHandler
from commands.change_provider import ChangeProviderHandler
from commands.check_store import CheckStoreHandler
from commands.connect_provider import ConnectProviderHandler
from commands.handling import Handling, Watch
from commands.issue_api_key import IssueApiKeyHandler
from commands.label_skill import LabelSkillHandler
from commands.pause_provider import PauseProviderHandler, ResumeProviderHandler
from commands.queue_install_run import QueueInstallRunHandler
from commands.record_denial import RecordDenialHandler
from commands.record_export import RecordExportHandler
from commands.register_skill import RegisterSkillHandler
from commands.retry_run import RetryRunHandler
from commands.revoke_api_key import RevokeApiKeyHandler
from commands.rollback_run import RollbackRunHandler
from commands.settle_attempt import SettleAttemptHandler
from commands.start_attempt import LEASE_MARGIN_SECONDS, StartAttemptHandler
from commands.sweep_installation import SweepInstallationHandler
from commands.uninstall_skill import UninstallSkillHandler
from commands.verify_installation import VerifyInstallationsHandler
from commands.verify_provider import VerifyProviderHandler
from domain.ports import BundleStore, EventStore, ProviderGateway, Vault
from domain.provider.state import PROVIDER, Provider, provider_stream
from projections.catalog import READ_MODELS
from queries.installer_connections import installer_connections, next_resumption_seconds
from workers.awaiting import migrated, when_online
from workers.calling import Caller
from workers.failpoints import Failpoint, reach
from workers.installer import Installer
from workers.opening import POOL_SIZE_MAX, open_nats, postgres_url
from workers.settings import Settings, SettingsError, secret_file, secret_keys
from workers.telemetry import Telemetry, open_telemetry
from workers.ticket_handling import TicketHandler


class Commands(Struct, frozen=True, kw_only=True):
    """Everything that can be asked of the write side."""

    register_skill: RegisterSkillHandler
    label_skill: LabelSkillHandler
    archive_skill: ArchiveSkillHandler
    connect_provider: ConnectProviderHandler
    change_provider: ChangeProviderHandler
    verify_provider: VerifyProviderHandler
    pause_provider: PauseProviderHandler
    resume_provider: ResumeProviderHandler
    queue_install_run: QueueInstallRunHandler
    uninstall_skill: UninstallSkillHandler
    cancel_run: CancelRunHandler
    retry_run: RetryRunHandler
    rollback_run: RollbackRunHandler
    verify_installations: VerifyInstallationsHandler
    start_attempt: StartAttemptHandler
    settle_attempt: SettleAttemptHandler
    sweep_installation: SweepInstallationHandler
    issue_api_key: IssueApiKeyHandler
    revoke_api_key: RevokeApiKeyHandler
    record_denial: RecordDenialHandler
    record_export: RecordExportHandler
    check_store: CheckStoreHandler
    authenticate: Authenticate


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> UUID:
    """UUIDv7: ids that sort by the time they were made."""
    return uuid_utils.compat.uuid7()


def build_commands(
    *,
    store: EventStore,
    bundles: BundleStore,
    vault: Vault,
    gateway: ProviderGateway,
    sources: Sources,
    lease_margin_seconds: int = LEASE_MARGIN_SECONDS,
    clock: Callable[[], datetime] = now,
    watch: Watch | None = None,
) -> Commands:
    handling = Handling(store=store, clock=clock, new_id=new_id, watch=watch)
    return Commands(
        register_skill=RegisterSkillHandler(handling=handling, bundles=bundles, read_source=sources.read),
        label_skill=LabelSkillHandler(handling=handling),
        archive_skill=ArchiveSkillHandler(handling=handling),
        connect_provider=ConnectProviderHandler(handling=handling, vault=vault, gateway=gateway),
        change_provider=ChangeProviderHandler(handling=handling, vault=vault, gateway=gateway),
        verify_provider=VerifyProviderHandler(handling=handling, gateway=gateway),
        pause_provider=PauseProviderHandler(handling=handling),
        resume_provider=ResumeProviderHandler(handling=handling),
        queue_install_run=QueueInstallRunHandler(handling=handling, limits=gateway.limits),
        uninstall_skill=UninstallSkillHandler(handling=handling),
        cancel_run=CancelRunHandler(handling=handling),
        retry_run=RetryRunHandler(handling=handling, limits=gateway.limits),
        rollback_run=RollbackRunHandler(handling=handling),
        verify_installations=VerifyInstallationsHandler(handling=handling, gateway=gateway),
        start_attempt=StartAttemptHandler(handling=handling, lease_margin_seconds=lease_margin_seconds),
        settle_attempt=SettleAttemptHandler(handling=handling),
        sweep_installation=SweepInstallationHandler(handling=handling, gateway=gateway),
        issue_api_key=IssueApiKeyHandler(handling=handling, random_bytes=os.urandom),
        revoke_api_key=RevokeApiKeyHandler(handling=handling),
        record_denial=RecordDenialHandler(handling=handling),
        record_export=RecordExportHandler(handling=handling),
        check_store=CheckStoreHandler(handling=handling),
        authenticate=Authenticate(store=store, clock=clock),
    )


class WriteSide(Struct, frozen=True, kw_only=True):
    """The commands, and the adapters under them that a part may need besides."""

    commands: Commands
    pool: Pool
    store: PostgresEventStore
    bundles: PostgresBundles
    gateway: Gateway
    vault: PostgresVault
    clock: Callable[[], datetime]


@asynccontextmanager
async def write_side(settings: Settings, *, part: str, telemetry: Telemetry | None = None) -> AsyncIterator[WriteSide]:
    """Opened, and closed again when nothing waits for it. Postgres need not be there yet. Raises SettingsError."""
    url = postgres_url(settings)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(url, name=f"waybill-{part}", size_max=POOL_SIZE_MAX))
        clock = await stack.enter_async_context(DatabaseClock(pool))
        store = PostgresEventStore(url, name=f"waybill-{part}-store")
        stack.push_async_callback(store.close)
        bundles = PostgresBundles(pool)
        vault = _vault(settings, pool)
        gateway = Gateway(
            vault,
            noop_enabled=settings.noop_providers,
            accepted=lambda: reach(Failpoint.PROVIDER_ACCEPTED),
            watched=telemetry.calls if telemetry else as_it_is,
        )
        stack.push_async_callback(gateway.close)
        sources = Sources(git=GitFolders(private_hosts=settings.git_hosts, ca_file=settings.git_ca_file))
        commands = build_commands(
            store=store,
            bundles=bundles,
            vault=vault,
            gateway=gateway,
            sources=sources,
            lease_margin_seconds=settings.lease_margin_seconds or LEASE_MARGIN_SECONDS,
            clock=clock,
            watch=telemetry,
        )
        yield WriteSide(
            commands=commands, pool=pool, store=store, bundles=bundles, gateway=gateway, vault=vault, clock=clock
        )


def open_chat_model(stack: AsyncExitStack, settings: Settings, write: WriteSide) -> ChatModel | None:
    """None where none is named: then nobody outside is asked what a message means."""
    if settings.chat_model is None:
        return None

    async def find(name: str) -> Provider | None:
        return PROVIDER.fold(await write.store.load(provider_stream(name)))

    chosen = settings.chat_model
    model = ChatModel(connection=chosen.connection, model=chosen.model, find=find, vault=write.vault, clock=write.clock)
    stack.push_async_callback(model.close)
    return model


async def installer(settings: Settings, stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        telemetry = stack.enter_context(open_telemetry(settings, part="installer"))
        write = await stack.enter_async_context(write_side(settings, part="installer", telemetry=telemetry))
        reader = open_reader(settings, write.pool, part="installer")
        stack.push_async_callback(reader.close)
        nats = await open_nats(stack, settings, part="installer")
        changed = asyncio.Event()
        await watch_providers(nats, changed)
        caller = Caller(gateway=write.gateway, bundles=write.bundles)
        handler = TicketHandler(
            start=write.commands.start_attempt,
            settle=write.commands.settle_attempt,
            verify=write.commands.verify_provider,
            sweep=write.commands.sweep_installation,
            caller=caller,
            prepare=write.gateway.prepare,
            around=telemetry.attempt,
        )
        work = Installer(
            handler=handler,
            caller=caller,
            concurrency=settings.concurrency,
            connections=lambda: installer_connections(reader),
            next_resumption_seconds=lambda: next_resumption_seconds(reader),
            prepare=write.gateway.prepare,
            open_tickets=lambda provider_id: TicketSource(nats, provider_id, refused=telemetry.refused),
            connections_changed=changed,
        )
        if await when_online(lambda: migrated(write.pool), stopping):
            await work.run(stopping)


def _vault(settings: Settings, pool: Pool) -> PostgresVault:
    try:
        return PostgresVault(
            pool,
            keys=lambda: secret_keys(settings),
            environment=settings.credentials,
            folder=settings.credentials_folder,
        )
    except ValueError as error:
        source = "WAYBILL_SECRET_KEY" if settings.secret_key else f"The file {secret_file(settings)}"
        raise SettingsError(f"{source} cannot be used: {error}.") from None


def open_reader(settings: Settings, pool: Pool, *, part: str) -> PostgresReader:
    return PostgresReader(pool, url=postgres_url(settings), name=f"waybill-{part}", read_models=READ_MODELS)
