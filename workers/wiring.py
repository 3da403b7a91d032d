"""The one place where ports meet adapters, and the table of contents: every command and query, a line each."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import uuid_utils.compat
from msgspec import Struct

from adapters.nats.connection import Connection, connect
from adapters.nats.publisher import Publisher
from adapters.nats.tickets import TicketSource, watch_providers
from adapters.postgres.bundles import PostgresBundles
from adapters.postgres.connection import Pool, check_url, open_pool
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.read_models import PostgresReadModels
from adapters.postgres.read_models_reader import PostgresReader
from adapters.postgres.roles import PostgresRoles
from adapters.postgres.vault import PostgresVault
from adapters.providers.gateway import Gateway
from adapters.sources.git import GitFolders
from adapters.sources.reading import Sources
from commands.archive_skill import ArchiveSkillHandler
from commands.authenticate import Authenticate
from commands.change_provider import ChangeProviderHandler
from commands.connect_provider import ConnectProviderHandler
from commands.handling import Handling
from commands.issue_api_key import IssueApiKeyHandler
from commands.label_skill import LabelSkillHandler
from commands.queue_install_run import QueueInstallRunHandler
from commands.record_denial import RecordDenialHandler
from commands.register_skill import RegisterSkillHandler
from commands.settle_attempt import SettleAttemptHandler
from commands.start_attempt import StartAttemptHandler
from commands.uninstall_skill import UninstallSkillHandler
from commands.verify_installation import VerifyInstallationsHandler
from commands.verify_provider import VerifyProviderHandler
from domain.ports import BundleStore, EventStore, ProviderGateway, Vault
from projections.catalog import READ_MODELS
from queries.installer_connections import installer_connections
from workers.awaiting import migrated, when_online
from workers.installer import Installer
from workers.projector import run as run_projector
from workers.relay import run as run_relay
from workers.running import holder
from workers.settings import Settings, SettingsError, secret_file, secret_keys

POOL_SIZE_MAX: Final = 8
ROLE_POOL_SIZE_MAX: Final = 2


class Commands(Struct, frozen=True, kw_only=True):
    """Everything that can be asked of the write side."""

    register_skill: RegisterSkillHandler
    label_skill: LabelSkillHandler
    archive_skill: ArchiveSkillHandler
    connect_provider: ConnectProviderHandler
    change_provider: ChangeProviderHandler
    verify_provider: VerifyProviderHandler
    queue_install_run: QueueInstallRunHandler
    uninstall_skill: UninstallSkillHandler
    verify_installations: VerifyInstallationsHandler
    start_attempt: StartAttemptHandler
    settle_attempt: SettleAttemptHandler
    issue_api_key: IssueApiKeyHandler
    record_denial: RecordDenialHandler
    authenticate: Authenticate


def build_commands(
    *, store: EventStore, bundles: BundleStore, vault: Vault, gateway: ProviderGateway, sources: Sources
) -> Commands:
    handling = Handling(store=store, clock=now, new_id=new_id)
    return Commands(
        register_skill=RegisterSkillHandler(handling=handling, bundles=bundles, read_source=sources.read),
        label_skill=LabelSkillHandler(handling=handling),
        archive_skill=ArchiveSkillHandler(handling=handling),
        connect_provider=ConnectProviderHandler(handling=handling, vault=vault, gateway=gateway),
        change_provider=ChangeProviderHandler(handling=handling, vault=vault, gateway=gateway),
        verify_provider=VerifyProviderHandler(handling=handling, gateway=gateway),
        queue_install_run=QueueInstallRunHandler(handling=handling, limits=gateway.limits),
        uninstall_skill=UninstallSkillHandler(handling=handling),
        verify_installations=VerifyInstallationsHandler(handling=handling, gateway=gateway),
        start_attempt=StartAttemptHandler(handling=handling),
        settle_attempt=SettleAttemptHandler(handling=handling),
        issue_api_key=IssueApiKeyHandler(handling=handling, random_bytes=os.urandom),
        record_denial=RecordDenialHandler(handling=handling),
        authenticate=Authenticate(store=store, clock=now),
    )


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> UUID:
    """UUIDv7: ids that sort by the time they were made."""
    return uuid_utils.compat.uuid7()


class WriteSide(Struct, frozen=True, kw_only=True):
    """The commands, and the adapters under them that a part may need besides."""

    commands: Commands
    pool: Pool
    store: PostgresEventStore
    bundles: PostgresBundles
    gateway: Gateway


@asynccontextmanager
async def write_side(settings: Settings, *, part: str) -> AsyncIterator[WriteSide]:
    """Opened, and closed again when nothing waits for it. Postgres need not be there yet. Raises SettingsError."""
    url = postgres_url(settings)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(url, name=f"waybill-{part}", size_max=POOL_SIZE_MAX))
        store = PostgresEventStore(url, name=f"waybill-{part}-store")
        stack.push_async_callback(store.close)
        bundles = PostgresBundles(pool)
        vault = _vault(settings, pool)
        gateway = Gateway(vault, noop_enabled=settings.noop_providers)
        stack.push_async_callback(gateway.close)
        sources = Sources(git=GitFolders(private_hosts=settings.git_hosts, ca_file=settings.git_ca_file))
        commands = build_commands(store=store, bundles=bundles, vault=vault, gateway=gateway, sources=sources)
        yield WriteSide(commands=commands, pool=pool, store=store, bundles=bundles, gateway=gateway)


async def installer(settings: Settings, stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        write = await stack.enter_async_context(write_side(settings, part="installer"))
        reader = open_reader(settings, write.pool, part="installer")
        stack.push_async_callback(reader.close)
        nats = await open_nats(stack, settings, part="installer")
        changed = asyncio.Event()
        await watch_providers(nats, changed)
        work = Installer(
            start=write.commands.start_attempt,
            settle=write.commands.settle_attempt,
            gateway=write.gateway,
            bundles=write.bundles,
            connections=lambda: installer_connections(reader),
            prepare=write.gateway.prepare,
            open_tickets=lambda provider_id: TicketSource(nats, provider_id),
            connections_changed=changed,
        )
        if await when_online(lambda: migrated(write.pool), stopping):
            await work.run(stopping)


async def relay(settings: Settings, stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        pool, event_log = await _follower(stack, settings, part="relay")
        nats = await open_nats(stack, settings, part="relay")
        if await when_online(lambda: migrated(pool), stopping) and (
            epoch := await when_online(event_log.epoch, stopping)
        ):
            await run_relay(
                log=event_log,
                roles=PostgresRoles(pool),
                publisher=Publisher(nats, store_epoch=epoch),
                stopping=stopping,
                holder=holder("relay"),
            )


async def projector(settings: Settings, stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        pool, event_log = await _follower(stack, settings, part="projector")
        read_models_pool = await stack.enter_async_context(
            open_pool(postgres_url(settings), name="waybill-read-models", size_max=POOL_SIZE_MAX)
        )
        if await when_online(lambda: migrated(pool), stopping):
            await run_projector(
                log=event_log,
                roles=PostgresRoles(pool),
                read_models=PostgresReadModels(read_models_pool, READ_MODELS),
                stopping=stopping,
                holder=holder("projector"),
            )


def postgres_url(settings: Settings) -> str:
    if settings.postgres_url is None:
        raise SettingsError("Set WAYBILL_POSTGRES_URL, or WAYBILL_DATA to the data folder of a running `waybill up`.")
    try:
        check_url(settings.postgres_url)
    except ValueError as error:
        raise SettingsError(f"WAYBILL_POSTGRES_URL cannot be used: {error}.") from None
    return settings.postgres_url


def nats_url(settings: Settings) -> str:
    if settings.nats_url is None:
        raise SettingsError("Set WAYBILL_NATS_URL, or WAYBILL_DATA to the data folder of a running `waybill up`.")
    return settings.nats_url


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


async def open_nats(stack: AsyncExitStack, settings: Settings, *, part: str) -> Connection:
    try:
        nats = await connect(nats_url(settings), name=f"waybill-{part}")
    except ValueError as error:
        raise SettingsError(f"WAYBILL_NATS_URL cannot be used: {error}.") from None
    stack.push_async_callback(nats.close)
    return nats


async def _follower(stack: AsyncExitStack, settings: Settings, *, part: str) -> tuple[Pool, PostgresEventLog]:
    """What a part needs that follows the events in a single role."""
    url = postgres_url(settings)
    pool = await stack.enter_async_context(open_pool(url, name=f"waybill-{part}", size_max=ROLE_POOL_SIZE_MAX))
    event_log = PostgresEventLog(url, name=f"waybill-{part}-log")
    stack.push_async_callback(event_log.close)
    return pool, event_log
